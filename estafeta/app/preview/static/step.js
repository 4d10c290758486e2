// One step: where it is written, what the check found there, and its messages as every channel shows them.

import { by, el, place } from "./dom.js";
import { begun, plain, skill, titled } from "./picture.js";
import { known, span, t } from "./words.js";

/** Shows a step below the picture; `at` as for the picture, and `copy`. */
export function show(flow, node, at) {
  const [kind, name] = titled(node, flow);
  by("step-title").replaceChildren(kind, ...(name ? [" ", el("b", {}, name)] : []));
  const words = { open: t("open"), copyLabel: t("copy"), copy: at.copy };
  by("step-place").replaceChildren(place(at.workspace.folder, flow.file, node.line, node.column, words));
  const said = flow.messages[node.id]?.[at.language];
  by("step-body").replaceChildren(
    ...(flow.findings[node.id] ?? []).map((item) => finding(item, at)),
    ...notes(node),
    ...facts(node, at),
    ...(said ? [channels(said, at)] : []),
  );
  if (!by("step-body").childElementCount) by("step-body").append(el("p", { class: "soft" }, t("silent")));
}

export function finding(item, at) {
  const words = { open: t("open"), copyLabel: t("copy"), copy: at.copy };
  const text = [item.what, item.mend].filter(Boolean).map(sentence).join(" ");
  return el("div", { class: `found ${item.severity}` },
    el("strong", {}, t(item.severity)), " ", el("span", { lang: "en" }, text), " ",
    place(at.workspace.folder, item.file, item.line, item.column, words));
}

const sentence = (words) => `${words[0].toUpperCase()}${words.slice(1)}${/[.?!…]$/.test(words) ? "" : "."}`;

function notes(node) {
  if (node.written) return [];
  return [el("p", { class: "soft" }, node.id.includes(">") ? t("pressed") : t("unwritten"))];
}

// --- what it does

function facts(node, at) {
  const rows = [];
  const row = (key, ...value) => rows.push(el("dt", {}, t(key)), el("dd", { dir: "auto" }, ...value));
  const link = (name) => el("a", { href: `#flow=${encodeURIComponent(name)}` }, name);
  if (node.kind === "start") {
    for (const way of at.ways) row(`w.${way.kind}`, way.kind === "run" || way.kind === "press" ? link(way.value) : way.value);
    if (!at.ways.length) rows.push(el("dd", {}, begun([])[0]));
  }
  if (node.flow) row("flow.step", link(node.flow));
  if (node.kind === "handoff" && node.text?.[at.language]) row("summary", node.text[at.language]);
  for (const [name, value] of Object.entries(node.facts)) {
    const told = fact(name, value, node, at);
    if (told) row(`f.${name}`, told);
  }
  return rows.length ? [el("dl", { class: "facts" }, rows)] : [];
}

function fact(name, value, node, at) {
  if (!known(`f.${name}`)) return null;
  if (name === "skill") return skill(value, at);
  if (name === "seconds" && node.kind === "wait") return value ? span(value) : null;
  if (name === "seconds" || name === "remember") return value ? span(value) : t("good");
  if (name === "attempts") return `≤ ${value}`;
  if (name === "delay") return value ? span(value) : null;
  if (name === "habit") return value ? t("habit") : null;
  if (name === "names") return value.join(", ") || t("all");
  if (value === null || value === "" || (Array.isArray(value) && !value.length)) return null;
  if (Array.isArray(value)) return value.map(plain).join(", ");
  if (typeof value === "object") {
    const entries = Object.entries(value);
    return entries.length ? el("ul", { class: "pairs" }, entries.map(([key, one]) => el("li", {}, el("code", {}, `${key} = ${plain(one)}`)))) : null;
  }
  return el("code", {}, String(value));
}

// --- what is said

function channels(said, at) {
  const columns = at.workspace.channels.map((channel) =>
    el("section", { class: "channel", "aria-label": channel.title },
      el("h4", {}, channel.title),
      channel.public ? el("p", { class: "remark" }, t(at.public ? "strangers" : "private")) : null,
      (said[channel.name] ?? []).map((message) => shown(message))),
  );
  return el("div", { class: "channels" }, columns);
}

function shown(message) {
  const about = [known(`p.${message.part}`) ? t(`p.${message.part}`) : "", message.variants > 1 ? t("variant", message.variant, message.variants) : ""];
  const caption = about.filter(Boolean).join(", ");
  return el("div", { class: "said" },
    caption ? el("p", { class: "caption" }, caption) : null,
    message.messages.map((one) => bubble(one)),
    remarks(message).map((text) => el("p", { class: "remark" }, text)));
}

function bubble(one) {
  const list = one.shows === "list";
  return [
    el("div", { class: "bubble" },
      one.files.map((file) => el("p", { class: "file" }, `📎 ${file}`)),
      one.text ? el("p", { class: "words", dir: "auto" }, marked(one.text, one.marks)) : null),
    one.buttons.length
      ? el("ul", { class: list ? "choices list" : "choices", "aria-label": list ? t("list") : t("buttons") }, one.buttons.map((text) => el("li", { dir: "auto" }, text)))
      : null,
    el("p", { class: "length" }, t("length", one.length, one.limit)),
  ];
}

function remarks(message) {
  const told = [];
  if (message.messages.length > 1) told.push(t("r.pieces", message.messages.length));
  if (message.left_out.length) told.push(t("r.left", message.left_out.map((kind) => t(`m.${kind}`)).join(", ")));
  if (message.shows === "list") told.push(t("r.list", message.count));
  if (message.shows === "numbers") told.push(t("r.numbers", message.count));
  for (const [whole, cut] of message.cut) told.push(t("r.cut", whole, cut));
  return told;
}

const TAGS = { bold: "b", italic: "i", strike: "s", code: "code", link: "u" };

/** The words with their marks, which may lie in each other. Places count code points, as Python does. */
function marked(text, marks) {
  const letters = Array.from(text);
  const cuts = [...new Set([0, letters.length, ...marks.flatMap((mark) => [mark.start, mark.end])])].sort((a, b) => a - b);
  const pieces = [];
  for (let number = 0; number + 1 < cuts.length; number += 1) {
    const [start, end] = [cuts[number], cuts[number + 1]];
    let piece = letters.slice(start, end).join("");
    for (const mark of marks) {
      if (mark.start <= start && mark.end >= end) piece = el(TAGS[mark.kind], mark.url ? { title: mark.url } : {}, piece);
    }
    pieces.push(piece);
  }
  return pieces;
}
