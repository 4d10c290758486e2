// The floor now: each department's waiting, and who is there with how much in hand.

import { api } from "./api.js";
import { bdi, el } from "./dom.js";
import { presenceOf } from "./presence.js";
import { skill } from "./state.js";
import { table } from "./table.js";
import { clock, span, t } from "./words.js";

const LONG = 5 * 60000;

export async function nowPart() {
  const team = await api.team();
  return [figures(team), skillsTable(team), membersTable(team)];
}

function figures({ skills, members }) {
  const sum = (name) => skills.reduce((all, one) => all + one[name], 0);
  const there = members.filter((member) => member.there).length;
  const oldest = skills.map((one) => one.oldest).filter(Boolean).sort()[0];
  const waits = oldest ? Date.now() - Date.parse(oldest) : 0;
  const figure = (says, value, late = false) => el("div", { class: "figure" }, el("dt", {}, says), el("dd", { class: late ? "late-text" : "" }, value));
  return el(
    "dl",
    { class: "figures" },
    figure(t("now.queued"), String(sum("queued"))),
    figure(t("now.oldest"), oldest ? seconds(Math.max(0, waits) / 1000) : "–", waits > LONG),
    figure(t("now.open"), String(sum("open"))),
    figure(t("now.unanswered"), String(sum("unanswered"))),
    figure(t("now.late"), String(sum("late")), sum("late") > 0),
    figure(t("now.promised"), `${sum("promised")}`, sum("overdue") > 0),
    figure(t("now.there"), `${there} / ${members.length}`),
  );
}

const late = (number) => (number ? el("span", { class: "late-text" }, String(number)) : "0");

export const seconds = (value) => (value === null || value === undefined ? null : value < 60 ? t("time.seconds", { n: Math.round(value) }) : span(value * 1000));

function skillsTable({ skills }) {
  const number = (title, of) => ({ title, of, number: true });
  const columns = [
    { title: t("now.skill"), of: (one) => bdi(skill(one.skill)) },
    number(t("now.queued"), (one) => String(one.queued)),
    number(t("now.oldest"), (one) => (one.oldest ? seconds(Math.max(0, Date.now() - Date.parse(one.oldest)) / 1000) : null)),
    number(t("now.open"), (one) => String(one.open)),
    number(t("now.unanswered"), (one) => String(one.unanswered)),
    number(t("now.held"), (one) => String(one.held)),
    number(t("now.late"), (one) => late(one.late)),
    number(t("now.promised"), (one) => (one.overdue ? [String(one.promised), " ", el("span", { class: "late-text" }, t("now.overdue", { n: one.overdue }))] : String(one.promised))),
    number(t("now.people"), (one) => t("now.people.room", { n: one.there, room: one.room })),
    number(t("now.waits"), (one) => (one.waits ? t("now.waits.both", { typical: seconds(one.typical), slow: seconds(one.slow) }) : null)),
  ];
  return table(t("now.skills"), columns, skills, t("now.skills.none"));
}

function membersTable({ members }) {
  const sorted = [...members].sort((one, other) => Number(other.there) - Number(one.there) || other.load - one.load);
  const columns = [
    { title: t("team.name"), of: (one) => bdi(one.me ? t("presence.you", { name: one.name }) : one.name) },
    { title: t("team.presence"), of: (one) => el("span", { class: "presence-line", "data-presence": presenceOf(one) }, el("span", { class: "presence-dot", "aria-hidden": "true" }), presenceWords(one)) },
    { title: t("team.load"), of: loadBar },
    { title: t("team.skills"), of: (one) => bdi(one.skills.length ? one.skills.map(skill).join(", ") : t(one.role === "operator" ? "team.all" : "team.lead")) },
  ];
  return table(t("now.members"), columns, sorted, t("now.members.none"));
}

export function presenceWords(member) {
  const until = member.until ? t("presence.until", { time: clock(member.until) }) : "";
  return [t(`presence.${presenceOf(member)}`), until].filter(Boolean).join(" ");
}

function loadBar(member) {
  const share = Math.min(1, member.load / member.capacity);
  const fill = el("span", { class: "bar-fill" });
  fill.style.width = `${share * 100}%`;
  return el("span", { class: "load" }, el("span", { class: "bar", "aria-hidden": "true" }, fill), t("presence.load", { n: member.load, most: member.capacity }));
}

