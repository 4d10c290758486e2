// Messages that did not reach their customers: how many there are, which and why, and what becomes of each.

import { api } from "./api.js";
import { bdi, by, choose, el, toast } from "./dom.js";
import { on } from "./state.js";
import { channel, language, nameOf, shortWhen, t } from "./words.js";

let items = [];
let asked = 0;
let shown = 0;
let select = () => {};

export function startUndelivered(onSelect) {
  select = onSelect;
  by("undelivered-open").addEventListener("click", () => {
    draw();
    by("undelivered").showModal();
  });
  by("undelivered-close").addEventListener("click", () => by("undelivered").close());
  on("language", draw);
}

export async function refresh() {
  const turn = ++asked;
  const found = await api.undelivered();
  // Answers may overtake each other.
  if (turn < shown) return;
  shown = turn;
  items = found.undelivered;
  draw();
}

/** Sends the message again, or gives it up. */
export async function decide(item, conversation, move) {
  if (move === "drop") {
    const answer = await choose(t("ask.drop"), [
      { id: "no", label: t("ask.no") },
      { id: "yes", label: t("ask.yes.drop"), kind: "primary" },
    ]);
    if (answer !== "yes") return;
  }
  try {
    await api.moveUndelivered(item, conversation, move);
    items = items.filter((other) => other.item !== item);
  } catch (error) {
    toast(error.message);
    if (error.status === 404) items = items.filter((other) => other.item !== item);
  }
  draw();
}

let drawn = "";

/** The list itself only when it is another one: whoever is in it by keyboard stays there. */
function draw() {
  by("undelivered-open").hidden = !items.length;
  by("undelivered-open").textContent = t("undelivered.open", { n: items.length });
  by("undelivered-none").hidden = items.length > 0;
  const now = JSON.stringify([language(), items]);
  if (drawn === now) return;
  drawn = now;
  by("undelivered-list").replaceChildren(...items.map(itemNode));
}

function itemNode(item) {
  const does = item.does === "say" ? "" : t(`undelivered.${item.does}`);
  return el(
    "li",
    { class: "undelivered-item" },
    el(
      "p",
      { class: "undelivered-head" },
      bdi(nameOf(item.name, item.conversation), { class: "row-name" }),
      el("span", { class: "soft" }, channel(item.channel)),
      item.at ? el("time", { class: "soft", datetime: item.at }, shortWhen(item.at)) : "",
    ),
    el("p", { class: "undelivered-what", dir: "auto" }, [does, item.what].filter(Boolean).join(": ")),
    el("p", { class: "late-text" }, item.why || t("undelivered.why")),
    el(
      "p",
      { class: "undelivered-do" },
      el("button", { type: "button", class: "button primary", onclick: () => decide(item.item, item.conversation, "resend") }, t("undelivered.resend")),
      el("button", { type: "button", class: "button", onclick: () => decide(item.item, item.conversation, "drop") }, t("undelivered.drop")),
      el("button", { type: "button", class: "link", onclick: () => go(item.conversation) }, t("undelivered.go")),
    ),
  );
}

function go(conversation) {
  by("undelivered").close();
  select(conversation);
}
