// One line of the timeline as an element. What is told about a message later (an edit, a deletion, a reaction, what
// became of sending it) changes its element in place.

import { bdi, el } from "./dom.js";
import { safeLink } from "./marks.js";
import { excerpt, partsOf } from "./parts.js";
import { skill, state } from "./state.js";
import { undoButton } from "./undo.js";
import { channel, clock, reason, spoken, t, told, when } from "./words.js";

let onMore = () => {};
let onGo = () => {};
let onUndelivered = () => {};

/** `more(message, button)` opens what may be done with a message, `go(id)` shows the one that is quoted, and
 *  `undelivered(item, move)` decides about one that did not arrive. */
export function startEntries({ more, go, undelivered }) {
  onMore = more;
  onGo = go;
  onUndelivered = undelivered;
}

/** What was said or noted. `joined`: by the same author just before, so the name is not repeated. */
export function makeMessage(entry, joined) {
  const note = entry.kind === "note";
  const message = {
    entry,
    parts: entry.parts,
    seq: entry.seq,
    before: [],
    deleted: false,
    edited: false,
    reactions: {},
    status: "",
    sentence: "",
  };
  const classes = ["message", note ? "note" : entry.author.kind];
  if (isOwn(entry)) classes.push("own");
  if (joined) classes.push("joined");
  message.body = el("div", { class: "message-body", dir: "auto" });
  message.old = el("div", { class: "message-old", hidden: true });
  message.reacted = el("div", { class: "reactions" });
  message.foot = el("footer", { class: "message-foot" });
  message.more = el(
    "button",
    { type: "button", class: "message-more", "aria-label": t("do.more"), title: t("do.more"), "aria-haspopup": "true", hidden: true },
    "⋯",
  );
  message.more.addEventListener("click", () => onMore(message, message.more));
  message.node = el("article", { class: classes.join(" "), "data-id": entry.id, "data-seq": String(entry.seq) });
  if (!joined || note) message.node.append(el("header", { class: "message-head" }, ...headOf(entry, note)));
  const quote = quoteOf(entry);
  if (quote) message.node.append(quote);
  message.node.append(message.body);
  if (entry.buttons.length) message.node.append(buttonsOf(entry.buttons));
  message.node.append(message.reacted, message.old, message.foot, message.more);
  drawBody(message);
  drawFoot(message);
  return message;
}

export function isOwn(entry) {
  return entry.author.kind === "operator" && entry.id.startsWith(`web.${state.me.id}.`);
}

function headOf(entry, note) {
  const own = isOwn(entry);
  const kind = t(own ? "who.you" : `who.${entry.author.kind}`);
  const named = entry.author.name && !own && entry.author.kind !== "bot";
  const where = entry.author.kind === "operator" && entry.data.where;
  return [
    named ? bdi(entry.author.name, { class: "message-name" }) : el("span", { class: "message-name" }, kind),
    named && entry.author.kind === "operator" ? el("span", { class: "message-kind" }, t("who.operator")) : "",
    where ? el("span", { class: "message-kind" }, t("entry.where", { channel: channel(String(where)) })) : "",
    note ? el("span", { class: "message-kind" }, t("note.mark")) : "",
  ];
}

/** What the message answers: an earlier one of the timeline, or words of it. */
function quoteOf(entry) {
  const of = entry.data.reply_to;
  if (!of && !entry.data.quote) return null;
  const quoted = of ? state.entries.find((other) => other.id === of) : null;
  if (!quoted) return el("p", { class: "quote", dir: "auto" }, String(entry.data.quote || t("entry.quote.far")));
  const words = excerpt(quoted.parts);
  const who = quoted.author.name || t(`who.${quoted.author.kind}`);
  return el(
    "button",
    { type: "button", class: "quote", "aria-label": t("entry.quote.go", { text: words }), onclick: () => onGo(of) },
    bdi(who, { class: "quote-who" }),
    bdi(words, { class: "quote-words" }),
  );
}

function buttonsOf(buttons) {
  const items = buttons.map((button) => {
    const address = button.url ? safeLink(button.url) : "";
    if (!address.startsWith("http")) return bdi(button.text, { class: "said-button" });
    return el("a", { class: "said-button", href: address, target: "_blank", rel: "noopener noreferrer nofollow" }, bdi(button.text), " ↗");
  });
  return el("div", { class: "said-buttons" }, ...items);
}

function drawBody(message) {
  const shown = partsOf(message.parts, state.open, message.seq);
  if (!message.deleted) return message.body.replaceChildren(...shown);
  const words = el("details", {}, el("summary", {}, t("entry.deleted.show")), ...shown);
  message.body.replaceChildren(el("p", { class: "deleted" }, t("entry.deleted")), words);
}

// --- under the words --------------------------------------------------------------------------------

export function drawFoot(message) {
  const { entry } = message;
  const intent = entry.intent
    ? el("span", { class: "message-intent" }, `${spoken(entry.intent.name)} ${Math.round(entry.intent.confidence * 100)} %`)
    : "";
  message.foot.replaceChildren(
    ...[
      el("time", { datetime: entry.at }, clock(entry.at)),
      intent,
      el("span", { class: "message-edited" }, editedMark(message)),
      stateOf(message),
      message.deleted || !isOwn(entry) ? "" : undoButton(entry),
      ...undeliveredButtons(message),
    ].filter(Boolean),
  );
}

function editedMark(message) {
  if (!message.edited) return "";
  if (!message.before.length) return t("entry.edited");
  const open = !message.old.hidden;
  const mark = el("button", { type: "button", class: "link", "aria-expanded": String(open), title: t("entry.before") }, t("entry.edited"));
  mark.addEventListener("click", () => {
    message.old.hidden = !message.old.hidden;
    mark.setAttribute("aria-expanded", String(!message.old.hidden));
  });
  return mark;
}

function stateOf(message) {
  const failed = message.status === "failed";
  const done = ["sent", "delivered", "read"].includes(message.status);
  let words = told(`sent.${message.status}`, "");
  if (failed) words = message.sentence ? t("sent.failed", { why: message.sentence }) : t("sent.failed.plain");
  return el("span", { class: `message-state ${failed ? "failed" : ""} ${done ? "done" : ""}`, "data-status": message.status }, words);
}

function undeliveredButtons(message) {
  const item = message.status === "failed" ? state.waiting.get(message.entry.seq) : null;
  if (!item) return [];
  return ["resend", "drop"].map((move) =>
    el("button", { type: "button", class: "link", onclick: () => onUndelivered(item, move) }, t(`undelivered.${move}`)),
  );
}

// --- what is told later -----------------------------------------------------------------------------

/** Messengers also tell of edits that change no word: nothing to show. */
export function editMessage(message, edit) {
  if (JSON.stringify(edit.parts) === JSON.stringify(message.parts)) return;
  message.before.push({ parts: message.parts, seq: message.seq, at: message.at ?? message.entry.at });
  message.parts = edit.parts;
  message.seq = edit.seq;
  message.at = edit.at;
  message.edited = true;
  message.old.replaceChildren(...message.before.map(oldWords));
  drawBody(message);
  drawFoot(message);
}

const oldWords = (old) =>
  el("div", { class: "old-words", dir: "auto" }, el("time", { datetime: old.at }, clock(old.at)), ...partsOf(old.parts, state.open, old.seq));

/** New words for a message that is not shown here still are words: they stand on their own. */
export function markEdited(message) {
  message.edited = true;
  drawFoot(message);
}

export function deleteMessage(message) {
  message.deleted = true;
  message.node.classList.add("gone");
  drawBody(message);
  drawFoot(message);
}

/** One reaction of each side: the latest counts. */
export function reactMessage(message, reaction) {
  message.reactions[reaction.author.kind] = String(reaction.data.emoji ?? "");
  const shown = Object.entries(message.reactions).filter(([, emoji]) => emoji);
  message.reacted.replaceChildren(
    ...shown.map(([who, emoji]) => {
      const says = told(`entry.reacted.${who}`, "{emoji}").replace("{emoji}", emoji);
      return el("span", { class: `reaction ${who}`, role: "img", "aria-label": says, title: says }, emoji);
    }),
  );
}

/** Says under a message what became of it. */
export function showDelivery(message, status, sentence = "") {
  message.status = String(status);
  message.sentence = String(sentence ?? "");
  drawFoot(message);
}

// --- what is no message -----------------------------------------------------------------------------

export function eventNode(entry) {
  const data = entry.data;
  const values = {
    name: data.name || entry.author.name || t(`who.${entry.author.kind === "system" ? "operator" : entry.author.kind}`),
    reason: data.reason ? reason(data.reason) : "",
    flow: data.flow ? spoken(data.flow) : "",
    desk: data.desk ? spoken(data.desk) : "",
    why: data.why ? told(`why.${data.why}`, data.why) : "",
    emoji: data.emoji || "",
    action: data.action ? spoken(data.action) : "",
    skill: data.skill ? skill(data.skill) : "",
    until: data.until ? when(data.until) : "",
    tags: Array.isArray(data.tags) ? data.tags.join(", ") : "",
    resolution: data.resolution ? `: ${told(`resolution.${data.resolution}`, data.resolution)}` : "",
    rating: data.rating ? t(`rating.${data.rating}`) : "",
  };
  const event = entry.kind === "event" ? data.event : entry.kind;
  const known = told(`event.${event}`, "");
  const words = known ? t(`event.${event}`, values) : t("event.other", { name: spoken(event ?? "") });
  return el("p", { class: "event", "data-seq": String(entry.seq) }, el("span", {}, words, " "), el("time", { datetime: entry.at }, clock(entry.at)));
}
