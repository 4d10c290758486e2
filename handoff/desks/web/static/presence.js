// Whether one is there, and who else is: the button in the header and what it opens.

import { api } from "./api.js";
import { bdi, by, el, toast } from "./dom.js";
import { emit, on, skill, state } from "./state.js";
import { clock, t } from "./words.js";

const EVERY = 30000;
const AWAY = 30;

let team = null;
let asked = 0;
let shown = 0;

export function startPresence() {
  for (const button of by("presence").querySelectorAll("[data-be]")) button.addEventListener("click", () => be(button.dataset.be));
  by("presence").addEventListener("beforetoggle", (event) => event.newState === "open" && refresh());
  on("language", draw);
  on("rows", draw);
  setInterval(() => document.visibilityState === "visible" && refresh(), EVERY);
  refresh();
}

/** Nothing of the team is said anew when it cannot be asked: the line above the page tells that already. */
export async function refresh() {
  if (!state.me) return;
  const turn = ++asked;
  const found = await api.team().catch(() => null);
  // Answers may overtake each other.
  if (found && turn > shown) [team, shown] = [found, turn];
  draw();
  emit("team", team);
}

async function be(presence) {
  try {
    await api.presence(presence, presence === "away" ? AWAY : null);
    by("presence").hidePopover();
  } catch (error) {
    toast(error.message);
  }
  await refresh();
}

/** Names of the team by their ids. */
export const presenceNames = () => new Map((team?.members ?? []).map((member) => [member.id, member.name]));

/** Opens what tells who is here and what one has, with the keyboard in it. */
export function openPresence() {
  by("presence").showPopover();
  (by("presence").querySelector('[aria-pressed="true"]') ?? by("presence").querySelector("[data-be]")).focus();
}

/** What somebody's presence is called: there by the schedule is there. */
export function presenceOf(member) {
  if (member.there) return "on";
  return member.presence === "away" ? "away" : "off";
}

function draw() {
  if (!team) return;
  const me = team.members.find((member) => member.me);
  const now = me ? presenceOf(me) : "off";
  by("presence-open").dataset.presence = now;
  const until = me?.until && now !== "on" ? t("presence.until", { time: clock(me.until) }) : "";
  if (me) me.load = ownLoad(me);
  const load = me ? t("presence.load", { n: me.load, most: me.capacity }) : "";
  by("presence-says").textContent = [t(`presence.${now}`), until, load && `· ${load}`].filter(Boolean).join(" ");
  by("presence-me").textContent = me ? mine(me) : "";
  for (const button of by("presence").querySelectorAll("[data-be]")) button.setAttribute("aria-pressed", String(button.dataset.be === now));
  const others = [...team.members].sort((one, other) => Number(other.there) - Number(one.there) || one.name.localeCompare(other.name));
  by("presence-list").replaceChildren(...others.map(line));
}

/** One's own tickets as the list has them: the team is asked for now and then only. */
function ownLoad(me) {
  return state.loaded ? [...state.rows.values()].filter((row) => row.mine && row.state !== "held").length : me.load;
}

/** Who one is here: the role, what one answers, how much one has. */
function mine(me) {
  const lead = me.role === "operator" ? t("team.all") : t("team.lead");
  const skills = me.skills.length ? me.skills.map(skill).join(", ") : lead;
  return [t(`role.${me.role}`), skills, t("presence.mine", { n: me.load, most: me.capacity })].join(" · ");
}

function line(member) {
  const now = presenceOf(member);
  return el(
    "li",
    { class: "presence-line", "data-presence": now },
    el("span", { class: "presence-dot", "aria-hidden": "true" }),
    bdi(member.me ? t("presence.you", { name: member.name }) : member.name, { class: "presence-name" }),
    el("span", { class: "soft" }, says(member, now)),
  );
}

/** Whoever is not here may still have tickets: colleagues must see it. */
function says(member, now) {
  const load = t("presence.load", { n: member.load, most: member.capacity });
  if (now === "on") return load;
  return member.load ? `${t(`presence.${now}`)}, ${load}` : t(`presence.${now}`);
}
