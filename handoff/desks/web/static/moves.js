// What may be done with the open conversation besides answering: take, pass on, put off, label, close, and the rest.

import { api } from "./api.js";
import { by, choose, el, keep, kept, toast } from "./dom.js";
import { askFor, soonTimes } from "./form.js";
import { openPast } from "./past.js";
import { belongs, on, openRow, skill, skillNames, state } from "./state.js";
import { language, spoken, t, told } from "./words.js";

const RESOLUTIONS = "estafeta.desk.resolutions";
const REMEMBERED = 4;
/** So narrow a page has room for fewer buttons: the rest is in the menu. */
const PHONE = 720;

let busy = false;

export function startActions() {
  by("take").addEventListener("click", () => act("take"));
  by("return").addEventListener("click", () => act("return"));
  by("close").addEventListener("click", () => act("close"));
  by("more").addEventListener("beforetoggle", (event) => event.newState === "open" && drawMore());
  by("more").addEventListener("toggle", (event) => event.newState === "open" && placeMore());
  by("more").addEventListener("keydown", walk);
  on("rows", draw);
  on("open", draw);
  on("language", draw);
}

/** Whether the words read last are the customer's: they may stand there before the list tells that somebody waits. */
function unanswered() {
  const last = [...by("transcript").querySelectorAll(".message.customer, .message.operator")].at(-1);
  return Boolean(last?.classList.contains("customer"));
}

/** Does a move of the open conversation, after what must be asked first. */
export async function act(move) {
  const row = openRow();
  if (!row || busy || (by(move)?.hidden ?? !possible(row).includes(move))) return;
  const details = await (ASK[move] ?? (() => ({})))(row);
  if (!details || busy) return;
  busy = true;
  draw();
  try {
    // Who has the conversation is before the operator's eyes here, and what is risky was asked.
    for (const one of [details].flat()) await api.move(row.id, move, { sure: move !== "take", ...one });
  } catch (error) {
    toast(error.message);
  }
  busy = false;
  draw();
}

/** Moves of the menu that mean something for the conversation as it is. */
function possible(row) {
  const ticket = row.stage !== "bot";
  return [
    ticket && innerWidth <= PHONE && "return",
    ticket && "transfer",
    ticket && (row.state === "held" ? "resume" : "hold"),
    "tag",
    ticket && "priority",
    ticket && state.me.flows.length > 0 && "flow",
    "ask_contact",
    row.blocked ? "unblock" : "block",
  ].filter(Boolean);
}

function drawMore() {
  const row = openRow();
  if (!row) return by("more").replaceChildren();
  const item = (name, does) =>
    el("button", { type: "button", class: "menu-item", "data-move": name, onclick: () => done(does) }, t(`move.${name}`));
  const done = (does) => {
    by("more").hidePopover();
    does();
  };
  const moves = possible(row).map((name) => item(name, () => (name === "flow" ? returnAt(row) : act(name))));
  return by("more").replaceChildren(...moves, item("past", openPast));
}

/** Under its button, within the window. */
function placeMore() {
  const [at, size] = [by("more-open").getBoundingClientRect(), by("more").getBoundingClientRect()];
  by("more").style.left = `${Math.max(8, Math.min(at.right - size.width, innerWidth - size.width - 8))}px`;
  by("more").style.top = `${Math.min(at.bottom + 4, Math.max(8, innerHeight - size.height - 8))}px`;
  by("more").querySelector("button")?.focus();
}

/** Arrows go from one item to the next. */
function walk(event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const items = [...by("more").querySelectorAll("button")];
  items[(items.indexOf(document.activeElement) + step + items.length) % items.length].focus();
}

/** What the menu calls it, where nothing more is asked behind it. */
const plain = (key) => t(key).replace(/…$/, "");

// --- what is asked first ----------------------------------------------------------------------------

const ASK = {
  take: async (row) =>
    belongs(row) !== "people" || (await yes(t("ask.reassign", { name: row.assignee }), t("ask.yes.take"))) ? {} : null,
  close: closing,
  transfer: passing,
  hold: async () => {
    const given = await askFor({
      title: t("hold.title"),
      go: plain("move.hold"),
      fields: [
        { name: "until", label: t("hold.until"), kind: "time", options: soonTimes() },
        { name: "text", label: t("move.word") },
      ],
      wrong: ({ until }) => (Date.parse(until) > Date.now() ? "" : t("time.past")),
    });
    return given;
  },
  tag: tagging,
  priority: async (row) => {
    const options = [10, 5, 0, -5].map((value) => ({ value: String(value), label: t(`priority.${LEVELS[value]}`) }));
    const near = options.reduce((best, one) => (Math.abs(one.value - row.priority) < Math.abs(best.value - row.priority) ? one : best));
    const given = await askFor({
      title: plain("move.priority"),
      go: t("form.save"),
      fields: [{ name: "priority", label: plain("move.priority"), kind: "select", options, value: near.value }],
    });
    return given && { priority: Number(given.priority) };
  },
  block: async () => ((await askFor({ title: t("block.title"), warning: t("block.warning"), go: plain("move.block"), danger: true })) ? {} : null),
};

const LEVELS = { 10: "urgent", 5: "high", 0: "usual", "-5": "low" };

async function closing(row) {
  const given = await askFor({
    title: t("close.title"),
    warning: row.waiting || unanswered() ? t("ask.close") : "",
    go: t("ask.yes.close"),
    fields: [{ name: "resolution", label: t("close.resolution"), hint: t("close.hint"), kind: "quick", options: kept(localStorage, RESOLUTIONS, []) }],
  });
  if (!given) return null;
  if (given.resolution) {
    const before = kept(localStorage, RESOLUTIONS, []).filter((words) => words !== given.resolution);
    keep(localStorage, RESOLUTIONS, [given.resolution, ...before].slice(0, REMEMBERED));
  }
  return given;
}

async function passing(row) {
  let members = [];
  try {
    members = (await api.team()).members;
  } catch (error) {
    toast(error.message);
    return null;
  }
  const skills = skillNames().filter((name) => name !== row.skill || row.stage === "human");
  const people = members.filter((member) => !member.me);
  const options = [
    ...skills.map((name) => ({ value: `skill:${name}`, label: skill(name), group: t("transfer.skills") })),
    ...people.map((one) => ({ value: `to:${one.id}`, label: memberLabel(one), group: t("transfer.people") })),
  ];
  const given = await askFor({
    title: t("transfer.title"),
    go: plain("move.transfer"),
    fields: [
      { name: "where", label: t("transfer.where"), kind: "select", options },
      { name: "text", label: t("move.word"), hint: t("transfer.hint") },
    ],
    wrong: ({ where }) => (where ? "" : t("transfer.nobody")),
  });
  if (!given) return null;
  const at = given.where.indexOf(":");
  return { [given.where.slice(0, at)]: given.where.slice(at + 1), text: given.text };
}

/** Who somebody is to whom one passes on: there or not, and how much they have. */
const memberLabel = (member) => t(member.there ? "transfer.there" : "transfer.away", { name: member.name, n: member.load, most: member.capacity });

async function tagging(row) {
  const known = [...new Set([...row.tags, ...state.me.tags, ...[...state.rows.values()].flatMap((other) => other.tags)])].sort();
  const given = await askFor({
    title: plain("move.tag"),
    go: t("form.save"),
    fields: [
      { name: "fresh", label: t("tag.fresh"), hint: t("tag.hint"), most: 200 },
      ...(known.length ? [{ name: "kept", label: t("tag.known"), kind: "choices", options: known.map((tag) => ({ value: tag, label: tag })), value: row.tags }] : []),
    ],
  });
  if (!given) return null;
  const fresh = given.fresh.split(",").map((tag) => tag.trim().slice(0, 40)).filter(Boolean);
  const wanted = new Set([...(given.kept ?? []), ...fresh]);
  const gone = row.tags.filter((tag) => !wanted.has(tag));
  const added = [...wanted].filter((tag) => !row.tags.includes(tag)).slice(0, 10);
  const steps = [added.length && { tags: added }, gone.length && { move: "untag", tags: gone.slice(0, 10) }].filter(Boolean);
  return steps.length ? steps : null;
}

async function returnAt(row) {
  const options = state.me.flows.map((flow) => ({ value: flow.name, label: flow.titles[language()] ?? spoken(flow.name) }));
  const given = await askFor({
    title: plain("move.flow"),
    go: t("do.return"),
    fields: [{ name: "flow", label: t("flow.label"), kind: "select", options }],
  });
  if (!given) return;
  try {
    await api.move(row.id, "return", { sure: true, ...given });
  } catch (error) {
    toast(error.message);
  }
}

async function yes(question, label) {
  const answer = await choose(question, [
    { id: "no", label: t("ask.no") },
    { id: "yes", label, kind: "primary" },
  ]);
  return answer === "yes";
}

function draw() {
  const row = openRow();
  const whose = row ? belongs(row) : "";
  by("take").hidden = !row || whose === "mine";
  by("take").textContent = t({ bot: "do.takeover", people: "do.reassign" }[whose] ?? "do.take");
  by("return").hidden = by("close").hidden = !row || whose === "bot";
  by("return").textContent = t("do.return");
  by("close").textContent = t("do.close");
  for (const move of ["take", "return", "close"]) by(move).disabled = busy;
}

/** A resolution as it is shown: the platform's own words by name, people's as they are. */
export const resolutionWords = (words) => told(`resolution.${words}`, words);
