// The middle pane: the open conversation's timeline.

import { api } from "./api.js";
import { by, el, toast } from "./dom.js";
import { bodyOf, editMessage, eventNode, markEdited, messageNode, showDelivery } from "./entry.js";
import { emit, on, openRow, state } from "./state.js";
import { unsent } from "./unsent.js";
import { clock, day, sameDay, t } from "./words.js";

const PAGE = 100;
const JOIN_WITHIN = 5 * 60000;
const TYPING_LASTS = 6000;

let drawn = new Map();
let previous = null;
let unseen = 0;
let typingTimer = 0;
let loading = "";

export function startTalk() {
  by("older").addEventListener("click", loadOlder);
  by("chip").addEventListener("click", toBottom);
  by("scroller").addEventListener("scroll", () => {
    if (atBottom()) setUnseen(0);
  });
  new ResizeObserver(() => stuck && toBottom()).observe(by("scroller"));
  on("unsent", drawPending);
}

let stuck = true;

function atBottom() {
  const box = by("scroller");
  stuck = box.scrollHeight - box.scrollTop - box.clientHeight < 48;
  return stuck;
}

function toBottom() {
  const box = by("scroller");
  box.scrollTop = box.scrollHeight;
  stuck = true;
  setUnseen(0);
}

function setUnseen(count) {
  unseen = count;
  by("chip").hidden = count === 0;
  by("chip").textContent = count ? t("talk.new", { n: count }) : "";
}

/** Reads the open conversation from its end. */
export async function load(id) {
  loading = id;
  state.entries = [];
  redraw();
  const found = await api.newest(id, PAGE);
  if (loading !== id || state.open !== id) return;
  loading = "";
  merge(found.entries);
  redraw();
  toBottom();
}

/** Reads what is new in it. */
export async function more(id) {
  if (loading === id) return;
  for (;;) {
    const after = state.entries.at(-1)?.seq ?? 0;
    const { entries } = await api.after(id, after, 200);
    if (state.open !== id || loading) return;
    const fresh = merge(entries);
    if (fresh.length) append(fresh);
    if (entries.length < 200) return;
  }
}

async function loadOlder() {
  const id = state.open;
  const first = state.entries[0]?.seq ?? 1;
  try {
    const { entries } = await api.after(id, Math.max(0, first - 1 - PAGE), Math.min(PAGE, first - 1));
    if (state.open !== id) return;
    const box = by("scroller");
    const fromEnd = box.scrollHeight - box.scrollTop;
    merge(entries);
    redraw();
    box.scrollTop = box.scrollHeight - fromEnd;
  } catch (error) {
    toast(error.message);
  }
}

function merge(entries) {
  const known = new Set(state.entries.map((entry) => entry.seq));
  const fresh = entries.filter((entry) => !known.has(entry.seq));
  state.entries = [...state.entries, ...fresh].sort((one, other) => one.seq - other.seq);
  unsent.arrived(state.open, fresh.filter((entry) => entry.kind === "said" || entry.kind === "note").map((entry) => entry.id));
  return fresh;
}

export function redraw() {
  const box = by("transcript");
  box.setAttribute("aria-busy", "true");
  drawn = new Map();
  previous = null;
  box.replaceChildren();
  for (const entry of state.entries) draw(entry);
  by("older").hidden = !state.entries.length || state.entries[0].seq <= 1;
  if (!state.entries.length && !loading && state.open) box.append(el("p", { class: "event" }, t("talk.empty")));
  box.removeAttribute("aria-busy");
  setUnseen(0);
  drawPending();
}

function append(entries) {
  const follow = atBottom();
  if (!drawn.size) by("transcript").replaceChildren();
  for (const entry of entries) draw(entry);
  const words = entries.filter((entry) => (entry.kind === "said" || entry.kind === "note") && !entry.id.startsWith(`web.${state.me.id}.`));
  if (words.some((entry) => entry.author.kind === "customer")) hideTyping();
  drawPending();
  if (follow) toBottom();
  else if (words.length) setUnseen(unseen + words.length);
}

function draw(entry) {
  if (entry.kind === "delivery") {
    const node = drawn.get(entry.data.of);
    if (node) showDelivery(node, entry.data.status, entry.data.sentence);
    return;
  }
  const edited = entry.kind === "edit" ? editedNode(entry) : null;
  if (edited) {
    editMessage(edited, entry);
    return;
  }
  const box = by("transcript");
  if (!previous || !sameDay(previous.at, entry.at)) {
    box.append(el("h2", { class: "day" }, el("span", {}, day(entry.at))));
    previous = null;
  }
  const node = entry.kind === "event" ? eventNode(entry) : messageNode(entry, joins(entry));
  drawn.set(entry.id, node);
  if (entry.kind === "said" && entry.author.kind === "operator") showDelivery(node, "accepted", "");
  if (entry.kind === "note") showDelivery(node, "kept", "");
  // New words for a message that is not shown here still are words: they stand on their own.
  if (entry.kind === "edit") markEdited(node);
  box.append(node);
  previous = entry;
}

/** The message an edit is about: by its entry, or by the messenger's own id of it. */
function editedNode(edit) {
  if (edit.data.of) return drawn.get(edit.data.of);
  const about = state.entries.findLast(
    (entry) => entry.kind === "said" && entry.author.kind === edit.author.kind && entry.data.message === edit.data.message,
  );
  return about && drawn.get(about.id);
}

function joins(entry) {
  return (
    previous !== null &&
    previous.kind === entry.kind &&
    previous.author.kind === entry.author.kind &&
    previous.author.name === entry.author.name &&
    Date.parse(entry.at) - Date.parse(previous.at) < JOIN_WITHIN
  );
}

// --- what is not in the timeline yet ---------------------------------------------------------------

function drawPending() {
  const follow = atBottom();
  by("pending").replaceChildren(...unsent.of(state.open).map(pendingNode));
  if (follow) toBottom();
}

function pendingNode(item) {
  const failed = item.state === "failed" || item.state === "stale";
  const says = {
    waiting: item.says ? t("sent.retrying") : t("sent.sending"),
    accepted: t("sent.accepted"),
    failed: t("sent.refused", { why: item.says }),
    stale: t("sent.stale"),
  }[item.state];
  const foot = el(
    "footer",
    { class: "message-foot" },
    el("time", {}, clock(item.at)),
    el("span", { class: `message-state ${failed ? "failed" : ""}` }, says),
  );
  if (failed) {
    foot.append(
      el("button", { type: "button", class: "link", onclick: () => unsent.retry(item.id) }, t("sent.retry")),
      el("button", { type: "button", class: "link", onclick: () => unsent.drop(item.id) }, t("sent.drop")),
    );
  }
  return el(
    "article",
    { class: `message own pending ${item.mode === "note" ? "note" : "operator"}` },
    el("header", { class: "message-head" }, el("span", { class: "message-name" }, t("who.you"))),
    el("div", { class: "message-body", dir: "auto" }, ...bodyOf(item.text)),
    foot,
  );
}

// --- who is typing ----------------------------------------------------------------------------------

export function showTyping(frame) {
  if (frame.conversation !== state.open || (frame.who === "operator" && frame.name === state.me.name)) return;
  const name = frame.name || openRow()?.name || "";
  const follow = atBottom();
  if (frame.who === "operator") by("typing").textContent = t("talk.colleague", { name });
  else by("typing").textContent = name ? t("talk.typing", { name }) : t("talk.typing.customer");
  if (follow) toBottom();
  clearTimeout(typingTimer);
  typingTimer = setTimeout(hideTyping, TYPING_LASTS);
}

export function hideTyping() {
  clearTimeout(typingTimer);
  by("typing").textContent = "";
}

/** The conversation's name and state above the timeline, or what to say when none is open. */
export function forget() {
  loading = "";
  state.entries = [];
  state.card = null;
  hideTyping();
  redraw();
  emit("card");
}
