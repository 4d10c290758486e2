// What a message holds, as elements: words, pictures, players, files, places. Files come from our own server, which
// answers with a sentence when one cannot be had.

import { api } from "./api.js";
import { bdi, el } from "./dom.js";
import { marked, safeLink } from "./marks.js";
import { length, size, t, told } from "./words.js";

const SEEN = ["photo", "video"];
const HEARD = ["voice", "audio"];
// They turn the direction of what follows: "exe.jpg" could be shown of a file that ends in ".exe".
const TURNING = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

export const fileName = (name) => String(name ?? "").replace(TURNING, "");

/** A message's body. `seq` is the entry's that holds the parts, for their files. */
export function partsOf(parts, conversation, seq) {
  const nodes = [];
  for (let index = 0; index < parts.length; ) {
    const album = [];
    while (index < parts.length && SEEN.includes(parts[index].kind)) album.push(parts[index++]);
    if (album.length > 1) nodes.push(albumOf(album, conversation, seq));
    else if (album.length === 1) nodes.push(partNode(album[0], conversation, seq));
    if (index < parts.length) nodes.push(partNode(parts[index++], conversation, seq));
  }
  return nodes.filter(Boolean);
}

function albumOf(parts, conversation, seq) {
  const items = parts.map((part) => partNode(part, conversation, seq));
  return el("div", { class: "album", "data-count": String(Math.min(items.length, 4)) }, ...items);
}

function partNode(part, conversation, seq) {
  if (part.kind === "text") return part.text ? el("p", { dir: "auto" }, ...marked(part.text, part.marks)) : null;
  if (part.file !== null && part.file !== undefined) return fileNode(part, api.fileAddress(conversation, seq, part.file));
  if (part.kind === "location") return placeNode(part);
  if (part.kind === "contact") return contactNode(part);
  if (part.kind === "template") return templateNode(part);
  return el("p", { class: "attachment" }, t("part.unsupported", { kind: part.name || part.kind }));
}

// --- files ------------------------------------------------------------------------------------------

function fileNode(part, address) {
  if (part.kind === "photo" || part.kind === "sticker") return pictureNode(part, address);
  if (part.kind === "video" || HEARD.includes(part.kind)) return playerNode(part, address);
  return documentNode(part, address);
}

/** What the part is, with its name: read out, and shown where nothing else can be. */
export function nameOfPart(part) {
  const kind = told(`part.${part.kind}`, t("part.document"));
  const name = fileName(part.name);
  return name ? `${kind}: ${name}` : kind;
}

function pictureNode(part, address) {
  const image = el("img", { src: address, alt: nameOfPart(part), loading: "lazy", decoding: "async" });
  const node = el("a", { class: part.kind, href: address, target: "_blank", rel: "noopener noreferrer" }, image);
  image.addEventListener("error", () => instead(node, part, address));
  return node;
}

function playerNode(part, address) {
  const tag = part.kind === "video" ? "video" : "audio";
  const player = el(tag, { src: address, controls: true, preload: "none", "aria-label": nameOfPart(part) });
  const told_ = [fileName(part.name), part.duration ? length(part.duration) : ""].filter(Boolean).join(" · ");
  const says = el("figcaption", {}, t(`part.${part.kind}`), told_ ? bdi(` · ${told_}`) : "");
  const node = el("figure", { class: `player ${tag}` }, player, says);
  player.addEventListener("error", () => instead(node, part, address));
  return node;
}

function documentNode(part, address) {
  const name = fileName(part.name) || told(`part.${part.kind}`, t("part.document"));
  return el(
    "a",
    { class: "document", href: address, download: name, rel: "noopener" },
    el("span", { class: "document-icon", "aria-hidden": "true" }, "↓"),
    el("span", { class: "document-name" }, bdi(name)),
    part.size ? el("span", { class: "document-size" }, size(part.size)) : "",
  );
}

/** In place of what the browser did not show: a link when the file is there, else why it is not. */
async function instead(node, part, address) {
  if (node.dataset.lost) return;
  node.dataset.lost = "1";
  const why = await api.whyNoFile(address);
  const words = t("part.lost", { kind: nameOfPart(part), why });
  node.replaceWith(why ? el("p", { class: "attachment lost" }, words) : documentNode(part, address));
}

// --- what is no file --------------------------------------------------------------------------------

function placeNode(part) {
  const [latitude, longitude] = [Number(part.latitude), Number(part.longitude)];
  const at = `${latitude.toFixed(5)}, ${longitude.toFixed(5)}`;
  const address = `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=16/${latitude}/${longitude}`;
  const link = el("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, t("part.location"));
  return el("p", { class: "attachment place" }, link, " ", part.name ? bdi(part.name) : "", el("span", { class: "soft" }, ` ${at}`));
}

function contactNode(part) {
  const number = String(part.phone ?? "");
  const dialled = number.replace(/[^\d+]/g, "");
  const address = dialled ? safeLink(`tel:${dialled}`) : "";
  return el(
    "p",
    { class: "attachment contact" },
    el("span", { class: "soft" }, `${t("part.contact")}: `),
    part.name ? bdi(`${part.name} `) : "",
    address ? el("a", { href: address }, bdi(number)) : bdi(number),
    part.own ? el("span", { class: "soft" }, ` · ${t("part.contact.own")}`) : "",
  );
}

function templateNode(part) {
  const label = el("p", { class: "template-mark" }, `${t("part.template")} · `, bdi(part.name));
  return el("div", {}, label, part.text ? el("p", { dir: "auto" }, ...marked(part.text)) : "");
}

const wordsOf = (part) =>
  part.text || (part.kind === "unsupported" ? t("part.unsupported", { kind: part.name }) : nameOfPart(part));

/** A message in one short line. */
export function excerpt(parts, most = 120) {
  const points = Array.from(parts.map(wordsOf).join(" ").replace(/\s+/g, " ").trim());
  return points.length > most ? `${points.slice(0, most - 1).join("")}…` : points.join("");
}
