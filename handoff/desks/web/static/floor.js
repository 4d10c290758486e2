// The floor: what waits and who is there, and for those who lead: closures, the team, reports, the audit log.

import { by, el, toast } from "./dom.js";
import { nowPart } from "./floornow.js";
import { auditPart, reportsPart } from "./reports.js";
import { leads, on } from "./state.js";
import { closuresPart, teamPart } from "./team.js";
import { t } from "./words.js";

const EVERY = 5000;
const TABS = { now: nowPart, reports: reportsPart, closures: closuresPart, team: teamPart, audit: auditPart };

let tab = "now";
let timer = 0;
let turn = 0;

export function startFloor() {
  by("floor-open").addEventListener("click", () => (location.hash = isOpen() ? "" : "floor"));
  by("floor-close").addEventListener("click", () => (location.hash = ""));
  by("floor-tabs").addEventListener("keydown", walk);
  on("language", () => isOpen() && show());
}

const isOpen = () => !by("floor").hidden;
const allowed = () => Object.keys(TABS).filter((name) => name === "now" || leads());

/** Shows the floor if the address says so. Whether the conversations are to be shown instead. */
export function follow(hash) {
  const match = /^#floor(?:=(\w+))?$/.exec(hash);
  by("floor").hidden = !match;
  document.querySelector(".panes").hidden = Boolean(match);
  by("floor-open").setAttribute("aria-pressed", String(Boolean(match)));
  clearInterval(timer);
  if (!match) return true;
  tab = allowed().includes(match[1]) ? match[1] : "now";
  timer = setInterval(() => document.visibilityState === "visible" && tab === "now" && fill(), EVERY);
  show();
  return false;
}

function show() {
  by("floor-tabs").replaceChildren(...allowed().map(tabButton));
  by("floor-body").replaceChildren(el("p", { class: "muted" }, t("floor.loading")));
  fill();
}

function tabButton(name) {
  const open = () => (location.hash = name === "now" ? "floor" : `floor=${name}`);
  const chosen = name === tab;
  const props = { role: "tab", id: `tab-${name}`, "aria-selected": String(chosen), "aria-controls": "floor-body", tabindex: chosen ? "0" : "-1" };
  if (chosen) by("floor-body").setAttribute("aria-labelledby", `tab-${name}`);
  return el("button", { type: "button", class: "tab", ...props, onclick: open }, t(`floor.${name}`));
}

function walk(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const names = allowed();
  const next = names[(names.indexOf(tab) + step + names.length) % names.length];
  location.hash = next === "now" ? "floor" : `floor=${next}`;
  addEventListener("hashchange", () => by(`tab-${next}`)?.focus(), { once: true });
}

/** Reads the tab anew. Answers may overtake each other: only the latest asked for is shown. */
async function fill() {
  const mine = ++turn;
  const wanted = tab;
  try {
    const parts = await TABS[wanted]({ again: fill, does });
    if (mine !== turn || wanted !== tab) return;
    const focused = document.activeElement?.id;
    by("floor-body").replaceChildren(...[parts].flat());
    if (focused && by("floor-body").querySelector(`#${CSS.escape(focused)}`)) by(focused).focus();
  } catch (error) {
    if (error.status === undefined) throw error;
    if (mine === turn && error.status !== 401) toast(error.message);
  }
}

/** Does something, and shows what came of it. */
async function does(work, says = "") {
  try {
    await work();
    if (says) toast(says, "info");
  } catch (error) {
    if (error.status === undefined) throw error;
    toast(error.message);
  }
  await fill();
}

