// Canned replies: typing "/" at the start opens them, more letters search, arrows and Enter choose. What stands in
// them is filled by the server for the customer whose conversation is open.

import { api } from "./api.js";
import { by, el } from "./dom.js";
import { on, openRow, state } from "./state.js";
import { language, t } from "./words.js";

const MOST = 50;
/** Milliseconds for which filled replies are good: what the bot knows may change meanwhile. */
const FRESH = 20000;

let replies = [];
/** Of the open conversation: its id, when they were read, and name to text. */
let ready = { of: "", at: 0, texts: new Map() };
/** What is being read, of which conversation. */
let reading = { of: "", answer: null };
let shown = [];
let at = 0;
/** The text that is meant as it stands: the list over it was closed by Escape. */
let meant = "";
let insert = () => {};

export function startCanned(onInsert) {
  insert = onInsert;
  on("open", () => (ready = { of: "", at: 0, texts: new Map() }));
}

const isReady = () => ready.of === state.open && Date.now() - ready.at < FRESH;

/** Reads the replies as this customer would get them. */
async function fill() {
  if (isReady()) return;
  const of = state.open;
  if (!reading.answer || reading.of !== of) {
    const mine = { of, answer: api.ready(of).finally(() => (mine.answer = null)) };
    reading = mine;
  }
  const found = await reading.answer;
  if (state.open === of) ready = { of, at: Date.now(), texts: new Map(found.replies.map((one) => [one.name, one.text])) };
}

/** Reads them anew, also for a list that is open already; without an answer the old ones stay. */
export async function refresh() {
  replies = (await api.replies()).replies;
  filled();
}

/** The text in the customer's language if there is one, else in the page's, else in any. */
function textOf(reply) {
  if (ready.of === state.open) return ready.texts.get(reply.name) ?? "";
  const texts = reply.text;
  return texts[openRow()?.language] ?? texts[language()] ?? Object.values(texts)[0] ?? "";
}

export const isOpen = () => !by("canned").hidden;

/** Follows what is in the field: opens, searches or closes. */
export function follow(value) {
  const found = search(value);
  if (!found) return close();
  shown = found.slice(0, MOST);
  at = 0;
  draw();
  // Without an answer they stand as they are written.
  if (!isReady()) fill().then(filled, () => {});
}

/** The same list with the filled words, and the same one chosen. */
function filled() {
  if (!isOpen()) return;
  const chosen = shown[at]?.name;
  shown = (search(by("text").value) ?? []).slice(0, MOST);
  at = Math.max(0, shown.findIndex((reply) => reply.name === chosen));
  draw();
}

/** The replies a text asks for, or null when it asks for none. */
function search(value) {
  const match = /^\/([^/\n][^\n]*)?$/.exec(value);
  if (!match) return null;
  const wanted = (match[1] ?? "").trim().toLocaleLowerCase();
  const those = ready.of === state.open ? replies.filter((reply) => ready.texts.has(reply.name)) : replies;
  return those.filter((reply) => `${reply.name}\n${textOf(reply)}`.toLocaleLowerCase().includes(wanted));
}

/** Whether a text asks for a reply that does not exist. The list may be closed by now: a click on the
 *  send button takes the focus, and the list with it. */
export const lacks = (text) => text !== meant && search(text)?.length === 0;

/** For other words, or another conversation. */
export function forget() {
  meant = "";
  close();
}

export function close() {
  by("canned").hidden = true;
  by("text").removeAttribute("aria-activedescendant");
}

/** Whether the key was for the list. */
export function key(event) {
  if (!isOpen()) return false;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    const step = event.key === "ArrowDown" ? 1 : -1;
    if (shown.length) at = (at + step + shown.length) % shown.length;
    draw();
  } else if ((event.key === "Enter" && !event.shiftKey) || event.key === "Tab") {
    if (!shown.length) return false;
    take(shown[at]);
  } else if (event.key === "Escape") {
    meant = by("text").value.trim();
    close();
  } else {
    return false;
  }
  event.preventDefault();
  event.stopPropagation();
  return true;
}

async function take(reply) {
  const of = state.open;
  close();
  await fill().catch(() => {});
  if (state.open === of) insert(textOf(reply));
}

function draw() {
  const list = by("canned");
  list.hidden = false;
  if (!shown.length) {
    list.replaceChildren(el("li", { class: "canned-none" }, t(replies.length ? "canned.none" : "canned.empty")));
    by("text").removeAttribute("aria-activedescendant");
    return;
  }
  list.replaceChildren(...shown.map(item));
  by("text").setAttribute("aria-activedescendant", `canned-${at}`);
  list.children[at].scrollIntoView({ block: "nearest" });
}

function item(reply, index) {
  return el(
    "li",
    {
      id: `canned-${index}`,
      role: "option",
      class: "canned-item",
      "aria-selected": String(index === at),
      onmousedown: (event) => event.preventDefault(),
      onclick: () => take(reply),
    },
    el("span", { class: "canned-name" }, reply.name),
    el("span", { class: "canned-text", dir: "auto" }, textOf(reply)),
  );
}
