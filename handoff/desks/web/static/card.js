// The right pane: who it is, why a person was called, what is known already.

import { bdi, by, el, linked } from "./dom.js";
import { resolutionWords } from "./moves.js";
import { openPast } from "./past.js";
import { on, openRow, skill, state } from "./state.js";
import { channel, languageName, nameOf, reason, span, spoken, t, when } from "./words.js";

const VALUE_LIMIT = 300;

export function startCard() {
  on("card", draw);
  on("open", draw);
}

export function draw() {
  const card = state.card;
  if (!card) {
    by("card").replaceChildren(el("p", { class: "muted" }, t("card.none")));
    return;
  }
  by("card").replaceChildren(
    ...[ticketPart(card), intentsPart(card), slotsPart(card), pastPart(card), customerPart(card)].filter(Boolean),
  );
}

const part = (title, ...children) => el("section", { class: "card-part" }, el("h2", {}, title), ...children);

function facts(pairs) {
  const shown = pairs.filter(([, value]) => value !== "" && value !== null && value !== undefined);
  return el("dl", { class: "facts" }, ...shown.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}

function ticketPart(card) {
  if (!card.reason) return el("p", { class: "muted card-part" }, t("card.noticket"));
  const row = openRow();
  const overdue = card.promise && Date.parse(card.promise) < Date.now() && row?.stage === "queued";
  return el(
    "div",
    {},
    card.request ? part(t("card.request"), el("p", { class: "request", dir: "auto" }, ...linked(card.request))) : null,
    part(
      t("card.reason"),
      el("p", { class: "reason" }, reason(card.reason)),
      facts([
        [t("card.assignee"), card.assignee ? bdi(card.assignee) : t("card.nobody")],
        [t("card.skill"), card.skill ? bdi(skill(card.skill)) : ""],
        [t("card.opened"), card.opened_at ? `${when(card.opened_at)} (${span(Date.now() - Date.parse(card.opened_at))})` : ""],
        [t("card.offered"), card.offer && row?.stage === "queued" ? offered(card.offer) : ""],
        [t("card.held"), card.held_until ? when(card.held_until) : ""],
        [t("card.by"), aim(card)],
        [t("card.priority"), card.priority ? String(card.priority) : ""],
        [t("card.tags"), card.tags.length ? tags(card.tags) : ""],
        [t("card.promise"), card.promise ? el("span", { class: overdue ? "late-text" : "" }, when(card.promise)) : ""],
      ]),
    ),
  );
}

/** Until when people aim to answer. */
function aim(card) {
  const by_ = card.first_by ?? card.next_by;
  if (!by_) return "";
  const late = Date.parse(by_) < Date.now();
  return el("span", { class: late ? "late-text" : "" }, when(by_), late ? ` · ${t("card.late")}` : "");
}

const offered = (offer) => t("card.offered.to", { names: offer.to.join(", ") || t("card.offered.all"), time: when(offer.until) });

const tags = (names) => el("span", { class: "tags" }, ...names.map((name) => bdi(name, { class: "tag" })));

function pastPart(card) {
  if (!card.past.length) return null;
  const [last] = card.past;
  return part(
    t("card.past"),
    facts([
      [t("card.past.last"), `${reason(last.reason)}, ${when(last.ended_at)}`],
      [t("card.past.request"), last.request ? bdi(last.request) : ""],
      [t("card.past.how"), [t(`ended.${last.how}`), last.assignee].filter(Boolean).join(" · ")],
      [t("card.resolution"), last.resolution ? bdi(resolutionWords(last.resolution)) : ""],
      [t("card.rating"), card.rating ? t(`rating.${card.rating}`) : ""],
    ]),
    el("button", { type: "button", class: "link", onclick: openPast }, t("past.title")),
  );
}

function intentsPart(card) {
  if (!card.intents.length) return null;
  return part(t("card.intents"), el("ul", { class: "scores", role: "list" }, ...card.intents.map(score)));
}

function score(intent) {
  const percent = Math.round(intent.confidence * 100);
  const fill = el("span", { class: "bar-fill" });
  fill.style.width = `${percent}%`;
  return el(
    "li",
    {},
    el("span", { class: "score-line" }, bdi(spoken(intent.name), { title: intent.name }), el("span", {}, `${percent} %`)),
    el("span", { class: "bar", "aria-hidden": "true" }, fill),
  );
}

function slotsPart(card) {
  const names = Object.keys(card.slots);
  if (!names.length) return null;
  return part(t("card.slots"), facts(names.map((name) => [bdi(spoken(name)), valueOf(card.slots[name])])));
}

/** A slot may hold any JSON. */
function valueOf(value) {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return bdi(text.length > VALUE_LIMIT ? `${text.slice(0, VALUE_LIMIT)}…` : text);
}

function customerPart(card) {
  const channels = card.channels.map((item) =>
    el("span", { class: item.current ? "channel current" : "channel" }, channel(item.channel), item.current ? ` · ${t("card.current")}` : ""),
  );
  const name = nameOf(card.name, state.open);
  return part(
    t("card.customer"),
    el("p", { class: "card-name" }, bdi(name), card.username ? bdi(` @${card.username}`, { class: "muted" }) : ""),
    facts([
      [t("card.channels"), el("span", { class: "channels" }, ...channels)],
      [t("card.tags"), card.customer_tags.length ? tags(card.customer_tags) : ""],
      [t("card.blocked"), card.blocked ? el("span", { class: "late-text" }, t("card.blocked.yes")) : ""],
      [t("card.language"), card.language ? languageName(card.language) : ""],
      [t("card.first"), card.first_seen ? when(card.first_seen) : ""],
      [t("card.history"), `${t("card.messages", { n: card.messages })}, ${t("card.tickets", { n: card.tickets })}`],
    ]),
  );
}
