// Taking an own answer back for some seconds after it was sent: a button under it that counts them down.

import { api } from "./api.js";
import { el, toast } from "./dom.js";
import { emit, state } from "./state.js";
import { t } from "./words.js";

/** Message ids to when they were sent, by this machine's clock, and where; the latest last. */
const sent = new Map();
const buttons = new Map();
let ticking = 0;

/** An answer was taken by the server. */
export function sentNow(item) {
  if (item.mode !== "reply" || !state.me?.undo) return;
  sent.set(item.id, { at: Date.now(), conversation: item.conversation, text: item.text });
  // The timeline may have shown it before the server's answer came.
  emit("sent", item.id);
  ticking ||= setInterval(tick, 250);
}

const left = (id) => Math.ceil(state.me.undo - (Date.now() - sent.get(id).at) / 1000);

/** The desk's own id of a message, out of its entry's. */
export const messageOf = (entry) => entry.id.split(".")[2] ?? "";

/** The button for a message that may be taken back now, or null. */
export function undoButton(entry) {
  const id = messageOf(entry);
  if (!sent.has(id)) return null;
  if (!buttons.has(id)) {
    const button = el("button", { type: "button", class: "link undo", onclick: () => undo(id) });
    buttons.set(id, button);
    drawButton(id);
  }
  return buttons.get(id);
}

const drawButton = (id) => (buttons.get(id).textContent = t("undo.go", { n: Math.max(1, left(id)) }));

function tick() {
  for (const id of [...sent.keys()]) {
    if (left(id) <= 0) forget(id);
    else if (buttons.has(id)) drawButton(id);
  }
  if (sent.size) return;
  clearInterval(ticking);
  ticking = 0;
}

function forget(id) {
  sent.delete(id);
  const button = buttons.get(id);
  if (!button) return;
  if (button === document.activeElement) document.getElementById("text").focus();
  button.remove();
  buttons.delete(id);
}

/** The latest answer in the open conversation. */
export function undoLatest() {
  const latest = [...sent].findLast(([, item]) => item.conversation === state.open);
  if (latest) undo(latest[0]);
}

async function undo(id) {
  const item = sent.get(id);
  if (!item) return;
  forget(id);
  try {
    await api.undo(item.conversation, id);
    emit("undid", item);
  } catch (error) {
    toast(error.message);
  }
}
