// Canned replies: typing "/" at the start opens them, more letters search, arrows and Enter choose.

import { api } from "./api.js";
import { by, el } from "./dom.js";
import { openRow } from "./state.js";
import { language, t } from "./words.js";

const MOST = 50;

let replies = [];
let shown = [];
let at = 0;
/** The text that is meant as it stands: the list over it was closed by Escape. */
let meant = "";
let insert = () => {};

export function startCanned(onInsert) {
  insert = onInsert;
}

/** Reads them anew; without an answer the old ones stay. */
export async function refresh() {
  replies = (await api.replies()).replies;
}

/** The text in the customer's language if there is one, else in the page's, else in any. */
function textOf(reply) {
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
}

/** The replies a text asks for, or null when it asks for none. */
function search(value) {
  const match = /^\/([^/\n][^\n]*)?$/.exec(value);
  if (!match) return null;
  const wanted = (match[1] ?? "").trim().toLocaleLowerCase();
  return replies.filter((reply) => `${reply.name}\n${textOf(reply)}`.toLocaleLowerCase().includes(wanted));
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

function take(reply) {
  close();
  insert(textOf(reply));
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
