// What may be done with one message: a small menu beside it. Only what the customer's channel can do is offered.

import { api } from "./api.js";
import { answer, edit } from "./context.js";
import { correct } from "./correct.js";
import { by, choose, el, toast } from "./dom.js";
import { isOwn } from "./entry.js";
import { excerpt } from "./parts.js";
import { state, windowClosed } from "./state.js";
import { tellWhy } from "./why.js";
import { t } from "./words.js";

let opener = null;

/** What this operator may do with the message now: ids, and for reactions their emoji. */
export function actionsOf(message) {
  const { can } = state;
  const { entry } = message;
  if (entry.kind !== "said") return [];
  const actions = entry.author.kind === "bot" ? [{ id: "why" }] : [];
  if (entry.heard && state.me.corrects) actions.push({ id: "intent" });
  if (!can || message.deleted || (entry.channel && entry.channel !== can.channel)) return actions;
  if (entry.author.kind === "customer") {
    if (can.replies && !windowClosed()) actions.push({ id: "reply" });
    for (const emoji of can.reactions) actions.push({ id: "react", emoji });
  } else if (isOwn(entry) && ["sent", "delivered", "read"].includes(message.status)) {
    const words = message.parts.some((part) => part.kind === "text");
    if (can.edits && words) actions.push({ id: "edit" });
    if (can.deletes) actions.push({ id: "delete" });
  }
  return actions;
}

export function openMenu(message, button) {
  const menu = by("message-menu");
  opener = button;
  const mine = message.reactions.operator;
  const actions = actionsOf(message);
  const emoji = actions.filter((action) => action.id === "react").map((action) => reactButton(message, action.emoji, mine));
  const others = actions.filter((action) => action.id !== "react").map((action) => actionButton(message, action.id));
  menu.replaceChildren(...(emoji.length ? [el("div", { class: "menu-emoji" }, ...emoji)] : []), ...others);
  menu.showPopover();
  const at = button.getBoundingClientRect();
  const size = menu.getBoundingClientRect();
  menu.style.left = `${Math.max(8, Math.min(at.left, innerWidth - size.width - 8))}px`;
  menu.style.top = `${at.bottom + size.height + 8 > innerHeight ? Math.max(8, at.top - size.height - 4) : at.bottom + 4}px`;
  menu.querySelector("button")?.focus();
}

/** Arrows go from one action to the next. */
export function startMenu() {
  by("message-menu").addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const items = [...by("message-menu").querySelectorAll("button")];
    items[(items.indexOf(document.activeElement) + step + items.length) % items.length].focus();
  });
  // The message may have been drawn anew since the menu was opened: then nothing is left to go back to.
  by("message-menu").addEventListener("toggle", (event) => {
    if (event.newState === "closed" && by("message-menu").contains(document.activeElement)) opener?.focus();
  });
}

function reactButton(message, emoji, mine) {
  const back = emoji === mine;
  const says = t(back ? "do.unreact" : "do.react", { emoji });
  return el(
    "button",
    { type: "button", class: "menu-react", "aria-label": says, title: says, "aria-pressed": String(back), onclick: () => run(() => react(message, back ? "" : emoji)) },
    emoji,
  );
}

function actionButton(message, id) {
  const does = {
    reply: () => answer(message.entry.seq, excerpt(message.parts)),
    edit: () => edit(message),
    why: () => run(() => tellWhy(message)),
    intent: () => run(() => correct(message)),
    delete: () => run(() => remove(message)),
  }[id];
  const done = () => {
    by("message-menu").hidePopover();
    does();
  };
  return el("button", { type: "button", class: "menu-item", onclick: done }, t(`do.${id}`));
}

async function run(work) {
  if (by("message-menu").matches(":popover-open")) by("message-menu").hidePopover();
  opener?.focus();
  try {
    await work();
  } catch (error) {
    toast(error.message);
  }
}

const react = (message, emoji) => api.react(state.open, message.entry.seq, emoji);

async function remove(message) {
  const id = state.open;
  const answered = await choose(t("ask.delete"), [
    { id: "no", label: t("ask.no") },
    { id: "yes", label: t("ask.yes.delete"), kind: "primary" },
  ]);
  if (answered === "yes") await api.remove(id, message.entry.seq);
}
