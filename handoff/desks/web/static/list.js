// The left pane: conversations by whose they are. Urgent ones come first, then those that wait the longest.

import { bdi, by, el, keep, kept } from "./dom.js";
import { belongs, on, skill, state } from "./state.js";
import { channel, nameOf, reason, shortWhen, span, t, told, when } from "./words.js";

const GROUPS = ["queued", "mine", "people", "held", "bot", "closed"];
/** What each filter shows; a group of "all" that may be empty for days is shown only when it is not. */
const FILTERS = {
  all: ["queued", "mine", "people", "held", "bot"],
  unassigned: ["queued"],
  mine: ["mine"],
  held: ["held"],
  closed: ["closed"],
};
const FOLDED = "estafeta.desk.folded";
const FILTER = "estafeta.desk.filter";
const LATE = 5 * 60000;
const SOON = 2 * 60000;

const folded = new Set(kept(localStorage, FOLDED, []));
const nodes = new Map();
const groups = new Map();
let filter = "all";
let ofSkill = "";
let wanted = "";
let select = () => {};

export function startList(onSelect) {
  select = onSelect;
  const before = kept(sessionStorage, FILTER, "all");
  filter = FILTERS[before] ? before : "all";
  for (const group of GROUPS) groups.set(group, makeGroup(group));
  by("list").replaceChildren(...[...groups.values()].map((group) => group.section), el("p", { class: "empty", id: "notfound" }));
  by("filters").replaceChildren(...Object.keys(FILTERS).map(filterButton));
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
  return FILTERS[filter].filter((group) => !isFolded(group)).flatMap((group) => sorted(group).map((row) => row.id));
}

// --- what is shown ----------------------------------------------------------------------------------

function filterButton(name) {
  const choose = () => {
    filter = name;
    keep(sessionStorage, FILTER, name);
    draw();
    by("list").scrollTop = 0;
  };
  return el("button", { type: "button", class: "filter", "data-filter": name, onclick: choose }, el("span", {}), " ", el("span", { class: "group-count" }));
}

function drawFilters() {
  for (const button of by("filters").children) {
    const name = button.dataset.filter;
    const count = FILTERS[name].reduce((sum, group) => sum + (group === "bot" ? 0 : members(group).length), 0);
    button.firstChild.textContent = t(`filter.${name}`);
    // Of all, and of what is over, the number tells nobody what to do.
    button.lastChild.textContent = count && !["all", "closed"].includes(name) ? String(count) : "";
    button.lastChild.hidden = !button.lastChild.textContent;
    button.setAttribute("aria-pressed", String(name === filter));
  }
}

/** How many wait in each department: pressed, only its tickets are shown. */
function drawSkills() {
  const counts = new Map();
  for (const row of state.rows.values()) {
    if (row.stage === "queued" && row.state !== "held") counts.set(row.skill, (counts.get(row.skill) ?? 0) + 1);
  }
  if (ofSkill && !counts.has(ofSkill)) counts.set(ofSkill, 0);
  const box = by("skills");
  box.hidden = counts.size === 0 || (counts.size === 1 && !ofSkill);
  const names = [...counts.keys()].sort((one, other) => skill(one).localeCompare(skill(other)));
  const drawn = names.map((name) => `${name} ${counts.get(name)} ${ofSkill === name} ${skill(name)}`).join("\n");
  if (box.dataset.drawn === drawn) return;
  box.dataset.drawn = drawn;
  box.replaceChildren(
    ...names.map((name) => {
      const choose = () => {
        ofSkill = ofSkill === name ? "" : name;
        draw();
      };
      const pressed = String(ofSkill === name);
      return el("button", { type: "button", class: "skill-chip", "aria-pressed": pressed, onclick: choose }, bdi(skill(name)), " ", el("span", { class: "group-count" }, String(counts.get(name))));
    }),
  );
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

/** A group that was asked for alone is open. */
const isFolded = (group) => filter === "all" && folded.has(group);

function fold(group) {
  if (filter !== "all") return;
  if (!folded.delete(group)) folded.add(group);
  keep(localStorage, FOLDED, [...folded]);
  draw();
}

function matches(row) {
  if (ofSkill && row.skill !== ofSkill) return false;
  if (!wanted) return true;
  const words = [row.name, row.request, row.last?.text, row.assignee, skill(row.skill), channel(row.channel), row.resolution, ...row.tags];
  return words.some((word) => word && word.toLocaleLowerCase().includes(wanted));
}

const stamp = (time) => (time ? Date.parse(time) : 0);

function isIn(group, row) {
  if (group === "closed") return row.stage === "bot" && Boolean(row.ended_at);
  if (group === "held") return row.state === "held";
  return row.state !== "held" && belongs(row) === group;
}

const members = (group) => [...state.rows.values()].filter((row) => isIn(group, row));

function sorted(group) {
  const rows = members(group).filter(matches);
  const latest = (row) => stamp(row.last?.at ?? row.updated_at);
  if (group === "bot") return rows.sort((one, other) => latest(other) - latest(one));
  if (group === "closed") return rows.sort((one, other) => stamp(other.ended_at) - stamp(one.ended_at));
  if (group === "held") return rows.sort((one, other) => stamp(one.held_until) - stamp(other.held_until));
  const waits = (row) => (row.since ? stamp(row.since) : Infinity);
  const order = (one, other) => (waits(one) === waits(other) ? latest(other) - latest(one) : waits(one) - waits(other));
  // Who waits for nothing is not urgent, whatever the priority.
  const urgency = (row) => (row.since ? row.priority : -100);
  return rows.sort((one, other) => urgency(other) - urgency(one) || order(one, other));
}

export function draw() {
  const seen = new Set();
  const focused = document.activeElement;
  drawFilters();
  drawSkills();
  for (const [name, group] of groups) {
    const shown = FILTERS[filter].includes(name);
    const rows = shown ? sorted(name) : [];
    const closed = isFolded(name);
    group.title.textContent = t(`list.${name}`);
    group.count.textContent = String(rows.length);
    group.head.setAttribute("aria-expanded", String(!closed));
    group.section.classList.toggle("folded", closed);
    group.section.hidden = !shown || (rows.length === 0 && (Boolean(wanted) || (filter === "all" && name === "held")));
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

// --- one row ----------------------------------------------------------------------------------------

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
  made.button.classList.toggle("offered", row.offered && row.stage === "queued");
  if (row.id === state.open) made.button.setAttribute("aria-current", "true");
  else made.button.removeAttribute("aria-current");
  return made.node;
}

function rowContent(row) {
  const name = bdi(nameOf(row.name, row.id), { class: "row-name" });
  const promise = row.promise && row.stage === "queued" ? promiseMark(row) : "";
  return [
    el("span", { class: "row-line" }, row.priority > 0 ? urgentMark(row) : "", name, row.since && row.state !== "held" ? waitMark(row) : timeMark(row)),
    el("span", { class: "row-preview" }, ...previewOf(row)),
    el("span", { class: "row-line" }, stateChip(row), el("span", { class: "row-marks" }, ...marksOf(row)), deadlineMark(row)),
    promise,
  ].filter(Boolean);
}

const urgentMark = (row) => el("span", { class: "row-urgent", title: t(row.priority >= 8 ? "priority.urgent" : "priority.high") }, row.priority >= 8 ? "!!" : "!");

/** Who is to speak next, in a word. */
export function stateChip(row) {
  const closed = row.state === "bot" && row.ended_at && filter === "closed";
  const says = closed ? "closed" : row.state;
  return el("span", { class: `chip-state ${says}` }, t(`chip.${says}`));
}

function previewOf(row) {
  if (filter === "closed" && row.resolution) return [bdi(told(`resolution.${row.resolution}`, row.resolution))];
  if (!row.last) return [t("row.nothing")];
  const who = { bot: t("row.bot"), operator: row.mine ? t("row.you") : t("row.operator") }[row.last.author];
  return [who ? el("span", { class: "row-who" }, who) : "", bdi(row.last.text)];
}

/** Where from, and why or with whom; apart by dots. */
function marksOf(row) {
  const marks = [channel(row.channel)];
  if (row.offered && row.stage === "queued") marks.unshift(el("span", { class: "row-offered" }, t("row.offered")));
  if (row.state === "held" && row.held_until) marks.push(t("row.held", { time: when(row.held_until) }));
  if (row.stage === "queued" && row.reason) marks.push(reason(row.reason));
  if (row.stage === "human" && !row.mine) marks.push(bdi(row.assignee));
  if (row.blocked) marks.push(el("span", { class: "late-text" }, t("row.blocked")));
  for (const tag of row.tags.slice(0, 3)) marks.push(bdi(`#${tag}`));
  if (row.undelivered) marks.unshift(el("span", { class: "late-text" }, t("undelivered.row", { n: row.undelivered })));
  if (row.unreachable) marks.push(el("span", { class: "late-text" }, t("row.unreachable")));
  return marks.flatMap((mark, index) => (index ? [" · ", mark] : [mark]));
}

const timeMark = (row) => el("span", { class: "row-time" }, row.last ? shortWhen(row.last.at) : "");

function waitMark(row) {
  const waits = Date.now() - stamp(row.since);
  return el("span", { class: `row-wait ${waits > LATE ? "late-text" : ""}` }, t("row.waits", { time: span(waits) }));
}

/** Until when people aim to answer. */
function deadlineMark(row) {
  if (!row.answer_by || row.state === "held") return "";
  const left = stamp(row.answer_by) - Date.now();
  const says = left < 0 ? t("row.late", { time: span(-left) }) : t("row.by", { time: shortWhen(row.answer_by) });
  return el("span", { class: `row-deadline ${left < 0 ? "late-text" : left < SOON ? "soon-text" : ""}`, title: when(row.answer_by) }, says);
}

function promiseMark(row) {
  const overdue = Date.now() > stamp(row.promise);
  const says = t(overdue ? "row.overdue" : "row.promise", { time: when(row.promise) });
  return el("span", { class: `row-promise ${overdue ? "late-text" : ""}` }, says);
}
