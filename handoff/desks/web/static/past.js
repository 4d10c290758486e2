// The customer's past: tickets that are over, and a search in everything that was said.

import { api } from "./api.js";
import { bdi, by, el } from "./dom.js";
import { excerpt } from "./parts.js";
import { emit, skill, state } from "./state.js";
import { reason, t, told, when } from "./words.js";

let of = "";
let asked = "";
let before = 0;

export function startPast() {
  by("past-close").addEventListener("click", () => by("past").close());
  by("past-more").addEventListener("click", () => search(asked, before));
  by("past-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = by("past-text").value.trim();
    if (text.length < 2) return showHistory();
    by("past-list").replaceChildren();
    return search(text, 0);
  });
}

export async function openPast() {
  if (!state.open) return;
  of = state.open;
  by("past-text").value = "";
  by("past").showModal();
  by("past-text").focus();
  await showHistory();
}

async function showHistory() {
  asked = "";
  by("past-more").hidden = true;
  by("past-list").replaceChildren();
  await looking(async () => {
    const whose = of;
    const { tickets } = await api.history(whose);
    if (asked || whose !== of) return;
    by("past-says").textContent = tickets.length ? t("past.tickets") : t("past.none");
    by("past-list").replaceChildren(...tickets.map(ticketNode));
  });
}

async function search(text, from) {
  asked = text;
  await looking(async () => {
    const whose = of;
    const found = await api.find(whose, text, from);
    if (asked !== text || whose !== of) return;
    before = found.before;
    by("past-list").append(...found.entries.map(entryNode));
    const count = by("past-list").children.length;
    by("past-says").textContent = count ? t("past.found", { n: count }) : t(found.whole ? "past.nothing" : "past.nothing.yet");
    by("past-more").hidden = found.whole;
  });
}

async function looking(work) {
  by("past-says").textContent = t("past.looking");
  try {
    await work();
  } catch (error) {
    by("past-says").textContent = error.message;
  }
}

function go(seq) {
  by("past").close();
  emit("reach", seq);
}

const line = (seq, ...inside) =>
  el("li", {}, seq ? el("button", { type: "button", class: "past-item", onclick: () => go(seq) }, ...inside) : el("div", { class: "past-item" }, ...inside));

function entryNode(entry) {
  const who = entry.kind === "note" ? t("past.note", { name: entry.author.name }) : entry.author.name || t(`who.${entry.author.kind}`);
  return line(
    entry.seq,
    el("span", { class: "past-head" }, bdi(who, { class: "row-name" }), el("time", { datetime: entry.at, class: "soft" }, when(entry.at))),
    el("span", { class: "past-words", dir: "auto" }, around(excerpt(entry.parts, 2000))),
  );
}

/** The words that were asked for, marked, with what stands around them. */
function around(words) {
  const at = words.toLocaleLowerCase().indexOf(asked.toLocaleLowerCase());
  if (at < 0) return words.slice(0, 160);
  const from = Math.max(0, at - 60);
  const end = at + asked.length;
  return el("span", {}, from ? "…" : "", words.slice(from, at), el("mark", {}, words.slice(at, end)), words.slice(end, end + 90));
}

function ticketNode({ ticket, seq, rating }) {
  return line(
    seq,
    el("span", { class: "past-head" }, el("span", { class: "row-name" }, reason(ticket.reason)), el("time", { datetime: ticket.ended_at, class: "soft" }, when(ticket.ended_at))),
    ticket.request ? el("span", { class: "past-words", dir: "auto" }, ticket.request) : "",
    el("span", { class: "soft" }, [skill(ticket.skill), t(`ended.${ticket.how}`), ticket.assignee, rating ? t(`rating.${rating}`) : ""].filter(Boolean).join(" · ")),
    ticket.resolution ? el("span", { class: "past-words", dir: "auto" }, t("card.resolution"), ": ", bdi(told(`resolution.${ticket.resolution}`, ticket.resolution))) : "",
  );
}
