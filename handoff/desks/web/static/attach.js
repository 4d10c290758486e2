// Files that the operator is about to send: chosen, pasted or dropped. They are uploaded at once, and go with the
// next reply in this conversation.

import { api } from "./api.js";
import { by, el, toast } from "./dom.js";
import { fileName } from "./parts.js";
import { emit, on, state, windowClosed } from "./state.js";
import { size, t } from "./words.js";

const MOST = 10;
const KINDS = { image: "photo", video: "video", audio: "audio" };

/** Conversation id to its files. */
const trays = new Map();
let replying = () => true;
let made = 0;
/** Files of a conversation that has just been opened: whether its channel takes them is not known yet. */
let early = { conversation: "", files: [] };

/** `isReplying`: whether the words in the field are for the customer. */
export function startAttach(isReplying) {
  replying = isReplying;
  by("attach").addEventListener("click", () => by("attach-choose").click());
  by("attach-choose").addEventListener("change", () => {
    add([...by("attach-choose").files]);
    by("attach-choose").value = "";
  });
  by("text").addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    add(files);
  });
  startDropping(by("talk"));
  for (const news of ["open", "can", "mode"]) on(news, draw);
  on("can", addEarly);
}

function startDropping(place) {
  const carries = (event) => event.dataTransfer?.types.includes("Files");
  place.addEventListener("dragover", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    by("drop").hidden = false;
  });
  place.addEventListener("dragleave", (event) => {
    if (!place.contains(event.relatedTarget)) by("drop").hidden = true;
  });
  place.addEventListener("drop", (event) => {
    by("drop").hidden = true;
    if (!carries(event)) return;
    event.preventDefault();
    add([...event.dataTransfer.files]);
  });
  // A file dropped beside the place would take the page away.
  for (const type of ["dragover", "drop"]) addEventListener(type, (event) => carries(event) && event.preventDefault());
}

const tray = () => trays.get(state.open) ?? [];
const able = () => Boolean(state.can) && Object.keys(state.can.files).length > 0;

function add(files) {
  if (!state.open || !files.length) return;
  if (!state.can) {
    early = { conversation: state.open, files: [...(early.conversation === state.open ? early.files : []), ...files] };
    return;
  }
  if (!able() || !replying() || windowClosed()) return toast(t("file.none"));
  for (const file of files) {
    if (tray().length >= MOST) {
      toast(t("file.album", { n: MOST }));
      break;
    }
    const limit = limitOf(file);
    if (file.size > limit) toast(t("file.large", { name: fileName(file.name), size: size(limit) }));
    else begin({ key: (made += 1), source: file, name: file.name, conversation: state.open });
  }
  draw();
}

function addEarly() {
  if (!state.can || early.conversation !== state.open) return;
  const { files } = early;
  early = { conversation: "", files: [] };
  add(files);
}

/** What a channel does not take as it is goes as a document. */
function limitOf(file) {
  const { files } = state.can;
  return Math.max(files[KINDS[file.type.split("/")[0]]] ?? 0, files.document ?? 0);
}

function begin(item) {
  trays.set(item.conversation, [...(trays.get(item.conversation) ?? []), item]);
  if (/^image\/(png|jpeg|gif|webp)$/.test(item.source.type)) item.picture = URL.createObjectURL(item.source);
  send(item);
}

function send(item) {
  item.state = "uploading";
  item.share = 0;
  item.upload = api.upload(item.source, (share) => {
    item.share = share;
    drawProgress(item);
  });
  item.upload.done.then(
    (kept) => Object.assign(item, { state: "ready", file: kept.file, kind: kept.kind, name: kept.name || item.name }),
    (error) => Object.assign(item, { state: "failed", says: error.message }),
  ).then(draw);
}

function remove(item) {
  item.upload.stop();
  forget(item);
  trays.set(item.conversation, (trays.get(item.conversation) ?? []).filter((other) => other !== item));
  draw();
  by("text").focus();
}

const forget = (item) => item.picture && URL.revokeObjectURL(item.picture);

/** Of the open conversation: `{files, trouble}`, where a trouble is why they cannot be sent yet. */
export function attached() {
  const items = tray();
  const trouble = items.some((item) => item.state === "uploading") ? "file.wait" : items.some((item) => item.state === "failed") ? "file.broken" : "";
  return { files: items.map(({ file, kind, name }) => ({ file, kind, name })), trouble };
}

/** They are on their way with a message. */
export function taken() {
  tray().forEach(forget);
  trays.delete(state.open);
  draw();
}

// --- how it looks -----------------------------------------------------------------------------------

function draw() {
  by("attach").hidden = !able() || !replying();
  const items = replying() ? tray() : [];
  by("tray").hidden = !items.length;
  by("tray").replaceChildren(...items.map(itemNode));
  emit("tray");
}

function itemNode(item) {
  const name = fileName(item.name) || t("part.document");
  const failed = item.state === "failed";
  const says = failed ? t("file.failed", { why: item.says }) : size(item.source.size);
  const progress = el("progress", { max: "1", value: String(item.share), "aria-label": t("file.uploading", { name, n: Math.round(item.share * 100) }) });
  item.bar = progress;
  return el(
    "li",
    { class: `tray-item ${item.state}` },
    item.picture ? el("img", { src: item.picture, alt: "" }) : el("span", { class: "document-icon", "aria-hidden": "true" }, "↑"),
    el("span", { class: "tray-name" }, el("bdi", {}, name)),
    item.state === "uploading" ? progress : el("span", { class: failed ? "tray-says late-text" : "tray-says" }, says),
    failed ? el("button", { type: "button", class: "link", onclick: () => (send(item), draw()) }, t("file.again")) : "",
    el("button", { type: "button", class: "icon-button", "aria-label": t("file.remove", { name }), title: t("file.remove", { name }), onclick: () => remove(item) }, "×"),
  );
}

function drawProgress(item) {
  if (!item.bar) return;
  item.bar.value = item.share;
  item.bar.setAttribute("aria-label", t("file.uploading", { name: fileName(item.name), n: Math.round(item.share * 100) }));
}
