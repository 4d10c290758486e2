// Who is in the team, and when people are away: for those who lead. What one may do is decided by the server.

import { api } from "./api.js";
import { bdi, by, el, toast } from "./dom.js";
import { askFor, soonTimes } from "./form.js";
import { presenceWords } from "./floornow.js";
import { skill, skillNames } from "./state.js";
import { table } from "./table.js";
import { languageName, t, when } from "./words.js";

const ROLES = ["operator", "supervisor", "admin"];
const DESKS = ["web"];

// --- the team ---------------------------------------------------------------------------------------

export async function teamPart({ does }) {
  const { members } = await api.team();
  const columns = [
    { title: t("team.name"), of: (one) => bdi(one.me ? t("presence.you", { name: one.name }) : one.name) },
    { title: t("team.role"), of: (one) => [t(`role.${one.role}`), one.on_call ? ` · ${t("team.oncall")}` : ""].filter(Boolean) },
    { title: t("team.skills"), of: (one) => bdi(one.skills.length ? one.skills.map(skill).join(", ") : t(one.role === "operator" ? "team.all" : "team.lead")) },
    { title: t("team.languages"), of: (one) => (one.languages.length ? one.languages.map(languageName).join(", ") : t("team.any")) },
    { title: t("team.capacity"), of: (one) => String(one.capacity), number: true },
    { title: t("team.presence"), of: presenceWords },
    { title: t("team.do"), of: (one) => el("span", { class: "row-buttons" }, ...buttonsOf(one, does)) },
  ];
  const invite = el("button", { type: "button", class: "button primary", id: "invite", onclick: () => inviting(does) }, t("team.invite"));
  return [el("div", { class: "floor-bar" }, invite), table(t("floor.team"), columns, members, t("now.members.none"))];
}

/** Names a member for those who hear only the button. */
const button = (says, member, onclick, id) => el("button", { type: "button", class: "button small", id, "aria-label": `${t(says)}: ${member.name}`, onclick }, t(says));

function buttonsOf(member, does) {
  const key = `${member.desk}-${member.id}`.replace(/[^\w-]/g, "_");
  const buttons = [button("team.change", member, () => changing(member, does), `change-${key}`)];
  if (DESKS.includes(member.desk)) buttons.push(button("team.link", member, () => linking(member, does), `link-${key}`));
  if (!member.me) buttons.push(button("team.remove", member, () => removing(member, does), `remove-${key}`));
  return buttons;
}

const skillChoices = () => skillNames().map((name) => ({ value: name, label: skill(name) }));
const roleChoices = () => ROLES.map((value) => ({ value, label: t(`role.${value}`) }));

const fieldsOf = (member) => [
  { name: "role", label: t("team.role"), kind: "select", options: roleChoices(), value: member.role },
  { name: "skills", label: t("team.skills"), kind: "choices", options: skillChoices(), value: member.skills, hint: t("team.skills.hint") },
  { name: "languages", label: t("team.languages"), hint: t("team.languages.hint"), value: member.languages.join(", ") },
  { name: "capacity", label: t("team.capacity"), kind: "number", low: 1, high: 100, value: String(member.capacity) },
];

const listed = (text) => text.split(/[\s,]+/).filter(Boolean);
const wrong = ({ capacity }) => (Number.isInteger(capacity) && capacity >= 1 && capacity <= 100 ? "" : t("team.capacity.wrong"));

async function changing(member, does) {
  const given = await askFor({
    title: t("team.change.title", { name: member.name }),
    go: t("form.save"),
    fields: [
      ...fieldsOf(member),
      { name: "on_call", label: t("team.oncall.label"), kind: "choices", options: [{ value: "yes", label: t("team.oncall") }], value: member.on_call ? ["yes"] : [] },
      { name: "presence", label: t("team.presence"), kind: "select", options: ["", "on", "away", "off"].map((value) => ({ value, label: t(`team.presence.${value || "same"}`) })), value: "" },
    ],
    wrong,
  });
  if (!given) return;
  const now = { role: given.role, skills: given.skills, languages: listed(given.languages), capacity: given.capacity, on_call: given.on_call.length > 0 };
  const fields = Object.fromEntries(Object.entries(now).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(member[name])));
  if (given.presence) fields.presence = given.presence;
  if (Object.keys(fields).length) await does(() => api.changeMember(member, fields), t("form.saved"));
}

async function removing(member, does) {
  const given = await askFor({
    title: t("team.remove.title", { name: member.name }),
    warning: t("team.remove.warning"),
    go: t("team.remove"),
    danger: true,
    fields: [{ name: "why", label: t("team.remove.why") }],
  });
  if (given) await does(() => api.removeMember(member, given.why));
}

async function linking(member, does) {
  await does(async () => {
    const { code } = await api.memberLink(member);
    await showLink(t("team.link.title", { name: member.name }), `${code}&known`, t("team.link.hint"));
  });
}

async function inviting(does) {
  const given = await askFor({
    title: t("team.invite"),
    go: t("team.invite.go"),
    fields: [...fieldsOf({ role: "operator", skills: [], languages: [], capacity: 5 }), { name: "hours", label: t("team.invite.hours"), kind: "number", low: 1, high: 336, value: "24" }],
    wrong: (values) => wrong(values) || (Number.isInteger(values.hours) && values.hours >= 1 && values.hours <= 336 ? "" : t("team.invite.hours.wrong")),
  });
  if (!given) return;
  await does(async () => {
    const { code } = await api.invite({ ...given, languages: listed(given.languages) });
    await showLink(t("team.invite.done"), code, t("team.invite.hint"));
  });
}

/** The link in a field to be copied: it is told once. */
async function showLink(title, code, hint) {
  const address = `${location.origin}${location.pathname}#login=${code}`;
  const asked = askFor({ title, go: t("team.copy"), fields: [{ name: "link", label: t("team.link.label"), value: address, hint, most: 2000 }] });
  by("form-fields").querySelector("input").select();
  if (!(await asked)) return;
  try {
    await navigator.clipboard.writeText(address);
    toast(t("team.copied"), "info");
  } catch {
    // Without https a browser has no clipboard for pages: the field is the way then.
    toast(t("team.copy.failed"));
  }
}

// --- when people are away -----------------------------------------------------------------------------

export async function closuresPart({ does }) {
  const { closures } = await api.team();
  const columns = [
    { title: t("now.skill"), of: (one) => bdi(one.skill ? skill(one.skill) : t("closure.all")) },
    { title: t("closure.since"), of: (one) => when(one.since) },
    { title: t("closure.until"), of: (one) => when(one.until) },
    { title: t("closure.by"), of: (one) => bdi(one.by) },
    { title: t("team.do"), of: (one) => el("button", { type: "button", class: "button small", onclick: () => does(() => api.reopen(one.skill), t("closure.ended")) }, t("closure.end")) },
  ];
  const close = el("button", { type: "button", class: "button primary", id: "closure-new", onclick: () => closing(does) }, t("closure.new"));
  return [el("p", { class: "muted" }, t("closure.says")), el("div", { class: "floor-bar" }, close), table(t("floor.closures"), columns, closures, t("closure.none"))];
}

async function closing(does) {
  const given = await askFor({
    title: t("closure.new"),
    go: t("closure.go"),
    fields: [
      { name: "skill", label: t("now.skill"), kind: "select", options: [{ value: "", label: t("closure.all") }, ...skillChoices()], value: "" },
      { name: "until", label: t("closure.until"), kind: "time", options: soonTimes() },
    ],
    wrong: ({ until }) => (Date.parse(until) > Date.now() ? "" : t("time.past")),
  });
  if (given) await does(() => api.close(given.skill, given.until), t("closure.done"));
}

