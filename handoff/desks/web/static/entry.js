// One line of the timeline as an element.

import { bdi, el, linked } from "./dom.js";
import { state } from "./state.js";
import { clock, reason, spoken, t, told } from "./words.js";

/** What was said or noted. `joined`: by the same author just before, so the name is not repeated. */
export function messageNode(entry, joined) {
  const note = entry.kind === "note";
  const own = isOwn(entry);
  const node = el("article", {
    class: `message ${note ? "note" : entry.author.kind} ${own ? "own" : ""} ${joined ? "joined" : ""}`,
    "data-id": entry.id,
  });
  if (!joined || note) node.append(el("header", { class: "message-head" }, ...headOf(entry, note, own)));
  node.append(el("div", { class: "message-body", dir: "auto" }, ...bodyOf(entry.text, entry.data)));
  if (entry.buttons.length) node.append(buttonsOf(entry.buttons));
  node.append(footOf(entry));
  return node;
}

function isOwn(entry) {
  return entry.author.kind === "operator" && entry.id.startsWith(`web.${state.me.id}.`);
}

function headOf(entry, note, own) {
  const kind = t(own ? "who.you" : `who.${entry.author.kind}`);
  const named = entry.author.name && !own && entry.author.kind !== "bot";
  return [
    named ? bdi(entry.author.name, { class: "message-name" }) : el("span", { class: "message-name" }, kind),
    named && entry.author.kind === "operator" ? el("span", { class: "message-kind" }, t("who.operator")) : "",
    note ? el("span", { class: "message-kind" }, t("note.mark")) : "",
  ];
}

export function bodyOf(text, data = {}) {
  const attached = (Array.isArray(data.attachments) ? data.attachments : []).map((item) =>
    el("p", { class: "attachment" }, attachmentWords(item)),
  );
  return [...attached, ...(text ? [el("p", {}, ...linked(text))] : [])];
}

function attachmentWords(item) {
  const words = told(`part.${item.kind}`, t("part.unsupported"));
  const filled = words.replace(/\{(\w+)\}/g, (whole, name) => String(item[name] ?? ""));
  return item.kind !== "contact" && item.name ? `${filled}: ${item.name}` : filled;
}

function buttonsOf(buttons) {
  const items = buttons.map((button) => bdi(button.text, { class: "said-button" }));
  return el("div", { class: "said-buttons" }, ...items);
}

function footOf(entry) {
  const intent = entry.intent
    ? el("span", { class: "message-intent" }, `${spoken(entry.intent.name)} ${Math.round(entry.intent.confidence * 100)} %`)
    : "";
  return el(
    "footer",
    { class: "message-foot" },
    el("time", { datetime: entry.at }, clock(entry.at)),
    intent,
    el("span", { class: "message-edited" }),
    el("span", { class: "message-state" }),
  );
}

/** Changes a message's words after an edit. Messengers also tell of edits that change no word: nothing to show. */
export function editMessage(node, edit) {
  const words = el("div", { class: "message-body", dir: "auto" }, ...bodyOf(edit.text, edit.data));
  const shown = node.querySelector(".message-body");
  if (words.innerHTML === shown.innerHTML) return;
  shown.replaceWith(words);
  markEdited(node);
}

export function markEdited(node) {
  node.querySelector(".message-edited").textContent = t("entry.edited");
}

/** Says under an operator's message what became of it. */
export function showDelivery(node, status, sentence) {
  const place = node.querySelector(".message-state");
  const failed = status === "failed";
  place.classList.toggle("failed", failed);
  place.classList.toggle("done", status === "sent");
  if (failed) place.textContent = sentence ? t("sent.failed", { why: sentence }) : t("sent.failed.plain");
  else place.textContent = told(`sent.${status}`, "");
}

export function eventNode(entry) {
  const data = entry.data;
  const values = {
    name: data.name || entry.author.name || t("who.operator"),
    reason: data.reason ? reason(data.reason) : "",
    flow: data.flow ? spoken(data.flow) : "",
    desk: data.desk ? spoken(data.desk) : "",
    why: data.why || "",
  };
  const known = told(`event.${data.event}`, "");
  const words = known ? t(`event.${data.event}`, values) : t("event.other", { name: spoken(data.event ?? "") });
  return el("p", { class: "event" }, el("span", {}, words, " "), el("time", { datetime: entry.at }, clock(entry.at)));
}
