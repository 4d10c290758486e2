// The left pane: conversations by whose they are, those that wait the longest first.

import { bdi, by, el, keep, kept } from "./dom.js";
import { belongs, on, skill, state } from "./state.js";
import { channel, nameOf, reason, shortWhen, span, t, when } from "./words.js";

const GROUPS = ["queued", "mine", "people", "bot"];
const FOLDED = "estafeta.desk.folded";
const LATE = 5 * 60000;

const folded = new Set(kept(localStorage, FOLDED, []));
const nodes = new Map();
const groups = new Map();
let wanted = "";
let select = () => {};

export function startList(onSelect) {
  select = onSelect;
  for (const group of GROUPS) groups.set(group, makeGroup(group));
  by("list").replaceChildren(...[...groups.values()].map((group) => group.section), el("p", { class: "empty", id: "notfound" }));
  by("search").addEventListener("input", () => {
    wanted = by("search").value.trim().toLocaleLowerCase();
    draw();
  });
  on("rows", draw);
  on("open", draw);
  setInterval(draw, 15000);
}

/** Ids in the order they are shown, folded groups left out. */
export function shownIds() {
  return GROUPS.filter((group) => !folded.has(group)).flatMap((group) => sorted(group).map((row) => row.id));
}

function makeGroup(group) {
  const title = el("span", { class: "group-title" });
  const count = el("span", { class: "group-count" });
  const items = el("ul", { class: "rows", role: "list", id: `rows-${group}` });
  const empty = el("p", { class: "empty" });
  const head = el(
    "button",
    { type: "button", class: "group-head", "aria-controls": items.id, onclick: () => fold(group) },
    el("span", { class: "fold", "aria-hidden": "true" }, "▾"),
    title,
    count,
  );
  const section = el("section", { class: "group", "data-group": group }, el("h2", {}, head), items, empty);
  return { section, head, title, count, items, empty };
}

function fold(group) {
  if (!folded.delete(group)) folded.add(group);
  keep(localStorage, FOLDED, [...folded]);
  draw();
}

function matches(row) {
  if (!wanted) return true;
  const words = [row.name, row.request, row.last?.text, row.assignee, skill(row.skill), channel(row.channel)];
  return words.some((word) => word && word.toLocaleLowerCase().includes(wanted));
}

const stamp = (time) => (time ? Date.parse(time) : 0);

function sorted(group) {
  const rows = [...state.rows.values()].filter((row) => belongs(row) === group && matches(row));
  const latest = (row) => stamp(row.last?.at ?? row.updated_at);
  if (group === "queued") return rows.sort((one, other) => stamp(one.since) - stamp(other.since));
  if (group === "bot") return rows.sort((one, other) => latest(other) - latest(one));
  const waits = (row) => (row.since ? stamp(row.since) : Infinity);
  return rows.sort((one, other) => (waits(one) === waits(other) ? latest(other) - latest(one) : waits(one) - waits(other)));
}

export function draw() {
  const seen = new Set();
  const focused = document.activeElement;
  for (const [name, group] of groups) {
    const rows = sorted(name);
    const closed = folded.has(name);
    group.title.textContent = t(`list.${name}`);
    group.count.textContent = String(rows.length);
    group.head.setAttribute("aria-expanded", String(!closed));
    group.section.classList.toggle("folded", closed);
    group.section.hidden = Boolean(wanted) && rows.length === 0;
    group.empty.textContent = t(`list.${name}.empty`);
    group.empty.hidden = closed || rows.length > 0 || !state.loaded;
    group.items.hidden = closed;
    place(group.items, rows);
    for (const row of rows) seen.add(row.id);
  }
  for (const id of nodes.keys()) if (!state.rows.has(id)) nodes.delete(id);
  // A row that moved lost the focus on the way.
  if (focused !== document.activeElement && focused?.isConnected) focused.focus();
  const notfound = by("notfound");
  notfound.textContent = t("list.notfound");
  notfound.hidden = !wanted || seen.size > 0;
}

/** Puts the rows' elements in order, moving only what must move, so that focus stays where it is. */
function place(list, rows) {
  rows.forEach((row, index) => {
    const node = nodeOf(row);
    if (list.children[index] !== node) list.insertBefore(node, list.children[index] ?? null);
  });
  while (list.children.length > rows.length) list.lastElementChild.remove();
}

function nodeOf(row) {
  let made = nodes.get(row.id);
  if (!made) {
    const button = el("button", { type: "button", class: "row", onclick: () => select(row.id) });
    made = { node: el("li", {}, button), button, drawn: "" };
    nodes.set(row.id, made);
  }
  // Rows are drawn again every few seconds: an unchanged one is left alone.
  const content = rowContent(row);
  const drawn = content.map((item) => item.outerHTML).join("");
  if (made.drawn !== drawn) {
    made.drawn = drawn;
    made.button.replaceChildren(...content);
  }
  made.button.classList.toggle("waiting", row.waiting && row.stage !== "bot");
  if (row.id === state.open) made.button.setAttribute("aria-current", "true");
  else made.button.removeAttribute("aria-current");
  return made.node;
}

function rowContent(row) {
  const name = bdi(nameOf(row.name, row.id), { class: "row-name" });
  const promise = row.promise && row.stage === "queued" ? promiseMark(row) : "";
  return [
    el("span", { class: "row-line" }, name, row.since ? waitMark(row) : timeMark(row)),
    el("span", { class: "row-preview" }, ...previewOf(row)),
    el("span", { class: "row-marks" }, ...marksOf(row)),
    promise,
  ].filter(Boolean);
}

function previewOf(row) {
  if (!row.last) return [t("row.nothing")];
  const who = { bot: t("row.bot"), operator: row.mine ? t("row.you") : t("row.operator") }[row.last.author];
  return [who ? el("span", { class: "row-who" }, who) : "", bdi(row.last.text)];
}

/** Where from, and why or with whom; apart by dots. */
function marksOf(row) {
  const marks = [channel(row.channel)];
  if (row.stage === "queued" && row.reason) marks.push(reason(row.reason));
  if (row.stage === "human" && !row.mine) marks.push(bdi(row.assignee));
  if (row.undelivered) marks.unshift(el("span", { class: "late-text" }, t("undelivered.row", { n: row.undelivered })));
  if (row.unreachable) marks.push(el("span", { class: "late-text" }, t("row.unreachable")));
  return marks.flatMap((mark, index) => (index ? [" · ", mark] : [mark]));
}

const timeMark = (row) => el("span", { class: "row-time" }, row.last ? shortWhen(row.last.at) : "");

function waitMark(row) {
  const waits = Date.now() - stamp(row.since);
  return el("span", { class: `row-wait ${waits > LATE ? "late-text" : ""}` }, t("row.waits", { time: span(waits) }));
}

function promiseMark(row) {
  const overdue = Date.now() > stamp(row.promise);
  const says = t(overdue ? "row.overdue" : "row.promise", { time: when(row.promise) });
  return el("span", { class: `row-promise ${overdue ? "late-text" : ""}` }, says);
}
