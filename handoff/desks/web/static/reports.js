// How people's work went, and who changed what.

import { api } from "./api.js";
import { bdi, el } from "./dom.js";
import { seconds } from "./floornow.js";
import { skill } from "./state.js";
import { table } from "./table.js";
import { reason, spoken, t, told, when } from "./words.js";

const DAYS = [1, 7, 30, 90];
const KINDS = ["handoffs", "promises", "sla", "csat", "operators", "endings"];

let days = 7;

export async function reportsPart({ again }) {
  const until = new Date();
  const since = new Date(until.getTime() - days * 86400000);
  const told_ = await Promise.all(KINDS.map((kind) => api.report(kind, since.toISOString(), until.toISOString())));
  const choose = (count) => () => {
    days = count;
    again();
  };
  const buttons = DAYS.map((count) =>
    el("button", { type: "button", class: "button small", id: `days-${count}`, "aria-pressed": String(count === days), onclick: choose(count) }, t("report.days", { n: count })),
  );
  return [el("div", { class: "floor-bar", role: "group", "aria-label": t("report.time") }, ...buttons), ...told_.flatMap(({ kind, data }) => DRAW[kind](data))];
}

const percent = (share) => (share === null ? null : `${Math.round(share * 100)} %`);
const number = (title, of) => ({ title, number: true, of });
const times = (title, of) => number(title, (row) => (of(row).count ? t("report.times", { median: seconds(of(row).median), p95: seconds(of(row).p95) }) : null));
const nameOf = (name) => bdi(name || t("report.all"));

function handoffs({ handoffs: all, handoffs_by_reason, handoffs_by_skill }) {
  const columns = (title, of) => [{ title, of }, number(t("report.opened"), (row) => String(row.opened)), number(t("report.taken"), (row) => String(row.taken)), times(t("report.waits"), (row) => row.waits)];
  const total = all.opened ? [all] : [];
  return [
    table(t("report.reasons"), columns(t("card.reason"), (row) => nameOf(row.of && reason(row.of))), total.length ? [...total, ...handoffs_by_reason] : [], t("report.none")),
    table(t("report.skills"), columns(t("now.skill"), (row) => nameOf(row.of && skill(row.of))), handoffs_by_skill, t("report.none")),
  ];
}

function promises({ promises: all, promises_by_skill }) {
  const columns = [
    { title: t("now.skill"), of: (row) => nameOf(row.skill && skill(row.skill)) },
    number(t("report.made"), (row) => String(row.made)),
    number(t("report.kept"), (row) => String(row.kept)),
    number(t("report.moved"), (row) => String(row.moved)),
    number(t("report.broken"), (row) => String(row.broken)),
    number(t("report.before"), (row) => String(row.ended)),
    number(t("report.share"), (row) => percent(row.share)),
  ];
  return [table(t("report.promises"), columns, all.made || all.kept || all.broken || all.ended ? [all, ...promises_by_skill] : [], t("report.none"))];
}

function sla({ sla: rows }) {
  const without = number(t("report.without"), (row) => String(row.unanswered));
  const aim = (title, of) => number(title, (row) => answers(of(row)));
  return [table(t("report.sla"), [{ title: t("now.skill"), of: (row) => nameOf(row.skill && skill(row.skill)) }, aim(t("report.first"), (row) => row.first), aim(t("report.next"), (row) => row.next), without], rows, t("report.none"))];
}

/** How long they took, how many came in time, how many not at all: a line each, as far as there is anything to say. */
function answers({ times: took, share, aim, missed }) {
  const lines = [
    took.count ? t("report.times", { median: seconds(took.median), p95: seconds(took.p95) }) : "",
    share === null ? "" : t("report.within", { share: percent(share), aim: seconds(aim) }),
    missed ? t("report.missed", { n: missed }) : "",
  ].filter(Boolean);
  return lines.length ? lines.flatMap((line, place) => (place ? [el("br"), line] : [line])) : null;
}

const marks = () => [
  number(t("report.asked"), (row) => String(row.asked)),
  number(t("report.rate"), (row) => percent(row.rate)),
  number(t("rating.excellent"), (row) => String(row.excellent)),
  number(t("rating.fine"), (row) => String(row.fine)),
  number(t("rating.bad"), (row) => String(row.bad)),
  number(t("report.score"), (row) => percent(row.score)),
];

const csat = ({ csat: rows }) => [
  table(t("report.csat"), [{ title: t("report.whose"), of: (row) => told(`rated.${row.of}`, spoken(row.of)) }, ...marks()], rows, t("report.none")),
];

const operators = ({ operators: rows }) => [
  table(
    t("report.operators"),
    [
      { title: t("team.name"), of: (row) => bdi(row.name || row.operator) },
      number(t("report.taken"), (row) => String(row.taken)),
      number(t("report.ended"), (row) => String(row.ended)),
      times(t("report.answers"), (row) => row.answers),
      number(t("report.score"), (row) => percent(row.marks.score)),
    ],
    rows,
    t("report.none"),
  ),
];

const endings = ({ endings: rows }) => [
  table(
    t("report.endings"),
    [{ title: t("report.how"), of: (row) => told(`ended.${row.how}`, spoken(row.how)) }, number(t("report.tickets"), (row) => String(row.tickets)), times(t("report.lasted"), (row) => row.lasted)],
    rows,
    t("report.none"),
  ),
];

const DRAW = { handoffs, promises, sla, csat, operators, endings };

// --- who changed what ---------------------------------------------------------------------------------

export async function auditPart() {
  const { lines } = await api.audit();
  const columns = [
    { title: t("audit.at"), of: (line) => (line.at ? when(line.at) : null) },
    { title: t("audit.by"), of: (line) => bdi(line.by) },
    { title: t("audit.what"), of: (line) => told(`audit.did.${line.what}`, spoken(line.what)) },
    { title: t("audit.data"), of: (line) => bdi(details(line.data)) },
  ];
  return [table(t("floor.audit"), columns, lines, t("audit.none"))];
}

/** What the line is about, short: names before ids, and no empty values. */
function details(data) {
  const shown = Object.entries(data).filter(([name]) => !(name === "id" && data.name));
  const told_ = shown.map(([name, value]) => [LABELS[name] ? t(LABELS[name]) : spoken(name), words(name, value)]);
  return told_.filter(([, value]) => value).map(([name, value]) => `${name}: ${value}`).join("; ");
}

const LABELS = {
  role: "team.role",
  skills: "team.skills",
  skill: "now.skill",
  languages: "team.languages",
  capacity: "team.capacity",
  presence: "team.presence",
  name: "team.name",
  until: "closure.until",
  why: "team.remove.why",
  invited_by: "audit.invitedby",
  to: "audit.to",
  was: "audit.was",
  now: "audit.now",
  invitation: "audit.invitation",
};

/** A value of the log, which may be any JSON. */
function words(name, value) {
  if (value === null || value === "" || value === undefined) return "";
  if (name === "why") return told(`audit.why.${value}`, String(value));
  if (name === "role") return told(`role.${value}`, String(value));
  if (name === "skill" || name === "skills") return [value].flat().map(skill).join(", ");
  if (name === "presence") return told(`team.presence.${value}`, String(value));
  if (Array.isArray(value)) return value.join(", ");
  if (typeof value === "object") return value.name ?? details(value);
  return name === "until" && !Number.isNaN(Date.parse(value)) ? when(value) : String(value);
}
