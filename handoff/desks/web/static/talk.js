// The middle pane: the open conversation's timeline.

import { api } from "./api.js";
import { by, el, toast } from "./dom.js";
import * as messages from "./entry.js";
import { actionsOf, openMenu } from "./menu.js";
import { nameOfPart, partsOf } from "./parts.js";
import { emit, on, openRow, state } from "./state.js";
import { messageOf } from "./undo.js";
import { unsent } from "./unsent.js";
import { decide } from "./undelivered.js";
import { clock, day, language, sameDay, t, told } from "./words.js";

const PAGE = 100;
const LONG = 500;
/** So many times as much is read at most to reach a line that is far back. */
const REACHED = 20;
const JOIN_WITHIN = 5 * 60000;
const TYPING_LASTS = 6000;

/** Entries' ids to the messages that show them. */
let drawn = new Map();
let previous = null;
let unseen = 0;
/** What is not in the timeline yet, as it was drawn. */
let pending = "";
let typingTimer = 0;
/** The reading of the open conversation from its end that is under way, or that `failed`; `changed`: there is more. */
let loading = null;

export function startTalk() {
  by("older").addEventListener("click", loadOlder);
  by("chip").addEventListener("click", toBottom);
  by("scroller").addEventListener("scroll", () => {
    // A narrower window makes lines wrap, and the browser scrolls to hold what is read: nobody went anywhere.
    if (shape() !== shaped) shaped = shape();
    else if (atBottom()) setUnseen(0);
  });
  const grown = new ResizeObserver(() => stuck && toBottom());
  // The timeline itself grows when a picture has come.
  for (const id of ["scroller", "transcript", "pending"]) grown.observe(by(id));
  on("unsent", drawPending);
  on("can", drawAbilities);
  on("sent", drawUndo);
  messages.startEntries({ more: openMenu, go: goTo, undelivered: (item, move) => decide(item, state.open, move) });
}

/** What may be done with the messages, and which of them wait undelivered, may have changed. A foot is drawn for that
 *  alone: it has buttons that somebody may be about to press. */
function drawAbilities() {
  for (const message of drawn.values()) {
    message.more.hidden = actionsOf(message).length === 0;
    const item = state.waiting.get(message.entry.seq);
    const same = message.waits === item;
    message.waits = item;
    if (message.status === "failed" && !same) messages.drawFoot(message);
  }
}

function drawUndo(id) {
  for (const message of drawn.values()) if (messageOf(message.entry) === id) messages.drawFoot(message);
}

function goTo(id) {
  const node = drawn.get(id)?.node;
  if (!node) return;
  node.scrollIntoView({ block: "center" });
  // A picture that comes before the browser tells of the scrolling must not pull back to the end.
  atBottom();
  node.classList.add("found");
  setTimeout(() => node.classList.remove("found"), 1600);
}

/** Shows the line with that seq, reading as far back as it takes. */
export async function reach(seq) {
  const id = state.open;
  const box = by("transcript");
  try {
    for (let turn = 0; turn < REACHED && (state.entries[0]?.seq ?? 1) > seq; turn += 1) {
      const first = state.entries[0].seq;
      const from = Math.max(0, first - 1 - LONG);
      const { entries } = await api.after(id, from, first - 1 - from);
      if (state.open !== id) return;
      merge(entries);
    }
  } catch (error) {
    return toast(error.message);
  }
  stuck = false;
  redraw();
  const node = [...box.querySelectorAll("[data-seq]")].find((one) => Number(one.dataset.seq) >= seq);
  if (!node) return;
  stuck = false;
  node.scrollIntoView({ block: "center" });
  node.classList.add("found");
  setTimeout(() => node.classList.remove("found"), 1600);
}

/** The operator's own latest message that may be edited, or undefined. */
export const lastOwn = () =>
  [...drawn.values()].findLast((message) => actionsOf(message).some((action) => action.id === "edit"));

/** The customer's latest words that the bot tried to understand, where that may be corrected, or undefined. */
export const lastHeard = () =>
  [...drawn.values()].findLast((message) => actionsOf(message).some((action) => action.id === "intent"));

let stuck = true;
let shaped = "";

function shape() {
  const box = by("scroller");
  return `${box.clientWidth}x${box.scrollHeight}`;
}

function atBottom() {
  const box = by("scroller");
  stuck = box.scrollHeight - box.scrollTop - box.clientHeight < 48;
  return stuck;
}

function toBottom() {
  const box = by("scroller");
  box.scrollTop = box.scrollHeight;
  shaped = shape();
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
  const mine = { changed: false, failed: false };
  loading = mine;
  state.entries = [];
  redraw();
  const found = await api.newest(id, PAGE).catch((error) => {
    mine.failed = true;
    throw error;
  });
  if (loading !== mine) return;
  loading = null;
  merge(found.entries);
  redraw();
  toBottom();
  if (mine.changed) await more(id);
}

/** Reads what is new in it. */
export async function more(id) {
  if (loading?.failed) return load(id);
  if (loading) {
    loading.changed = true;
    return;
  }
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
  if (CHANGES[entry.kind]) {
    const about = messageAbout(entry);
    if (about) {
      CHANGES[entry.kind](about, entry);
      about.more.hidden = actionsOf(about).length === 0;
      return;
    }
    if (entry.kind === "delivery" || (entry.kind === "reaction" && !entry.data.emoji)) return;
  }
  if (entry.kind === "event") {
    heardEvent(entry);
    if (QUIET.includes(entry.data.event)) return;
  }
  const box = by("transcript");
  if (!previous || !sameDay(previous.at, entry.at)) {
    box.append(el("h2", { class: "day" }, el("span", {}, day(entry.at))));
    previous = null;
  }
  if (["said", "note", "edit"].includes(entry.kind)) box.append(drawMessage(entry).node);
  else box.append(messages.eventNode(entry));
  previous = entry;
}

/** What is seen anyway, by the words or the card: these events are for reports. */
const QUIET = ["answered", "offered", "promise_kept", "undone"];

const CHANGES = {
  delivery: (message, entry) => messages.showDelivery(message, entry.data.status, entry.data.sentence),
  edit: messages.editMessage,
  deletion: messages.deleteMessage,
  reaction: messages.reactMessage,
};

function drawMessage(entry) {
  const message = messages.makeMessage(entry, joins(entry));
  drawn.set(entry.id, message);
  if (entry.kind === "said" && entry.author.kind === "operator" && !entry.data.where) messages.showDelivery(message, "accepted");
  if (entry.kind === "note") messages.showDelivery(message, "kept");
  if (entry.kind === "edit") messages.markEdited(message);
  message.more.hidden = actionsOf(message).length === 0;
  return message;
}

/** Some events are about a message too. */
function heardEvent(entry) {
  const { event, of, why } = entry.data;
  const message = drawn.get(of);
  if (event === "resent" && message) messages.showDelivery(message, "accepted");
  if (event === "undone" && message) messages.showDelivery(message, "undone");
  if (event === "not_said") unsent.refused(state.open, entry.id, told(`why.${why}`, String(why ?? "")));
}

/** The message that a change is about: by its entry, or by the messenger's own id of it. */
function messageAbout(change) {
  const { of, message } = change.data;
  if (of) return drawn.get(of);
  if (!message) return undefined;
  const mayBe = (entry) => change.kind === "reaction" || entry.author.kind === change.author.kind;
  const about = state.entries.findLast((entry) => entry.kind === "said" && mayBe(entry) && entry.data.message === message);
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

/** Only when they are others: whoever is about to press one of their buttons still finds it. */
function drawPending() {
  const items = unsent.of(state.open);
  const now = JSON.stringify([language(), items]);
  if (pending === now) return;
  pending = now;
  const follow = atBottom();
  by("pending").replaceChildren(...items.map(pendingNode));
  if (follow) toBottom();
}

function pendingNode(item) {
  const failed = item.state === "failed" || item.state === "stale";
  const says = {
    waiting: item.says ? t("sent.retrying") : t("sent.sending"),
    accepted: t("sent.accepted"),
    failed: t("sent.refused", { why: item.says }),
    stale: t("sent.stale"),
    conflict: t("sent.conflict", { name: item.says }),
  }[item.state];
  const asks = item.state === "conflict";
  const foot = el(
    "footer",
    { class: "message-foot" },
    el("time", {}, clock(item.at)),
    el("span", { class: `message-state ${failed || asks ? "failed" : ""}`, role: asks ? "alert" : false }, says),
  );
  if (asks) {
    foot.append(
      button("conflict.send", () => unsent.again(item.id)),
      button("conflict.take", () => takeAndSend(item)),
      item.text ? button("conflict.note", () => unsent.again(item.id, "note")) : "",
      button("sent.drop", () => unsent.drop(item.id)),
    );
  }
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
    el("div", { class: "message-body", dir: "auto" }, ...pendingBody(item)),
    foot,
  );
}

const button = (says, onclick) => el("button", { type: "button", class: "link", onclick }, t(says));

/** The colleague's conversation becomes one's own, and then the words go out. */
async function takeAndSend(item) {
  try {
    await api.move(item.conversation, "take", { sure: true });
    unsent.again(item.id);
  } catch (error) {
    toast(error.message);
  }
}

function pendingBody(item) {
  const files = (item.files ?? []).map((file) => el("p", { class: "attachment" }, nameOfPart(file)));
  return [...files, ...partsOf([{ kind: "text", text: item.text }], state.open, 0)];
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
  loading = null;
  state.entries = [];
  state.card = null;
  state.can = null;
  state.waiting = new Map();
  hideTyping();
  redraw();
  emit("card");
  emit("can");
}
