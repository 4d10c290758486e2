// Which language the page speaks, and how numbers and times are said in it.

import { keep, kept } from "./dom.js";
import { EN } from "./english.js";
import { RU } from "./russian.js";
import { EN_TEAM } from "./teamenglish.js";
import { RU_TEAM } from "./teamrussian.js";

const KEY = "estafeta.desk.language";
const ALL = { ru: { ...RU, ...RU_TEAM }, en: { ...EN, ...EN_TEAM } };

let chosen = kept(localStorage, KEY, "");
if (!ALL[chosen]) chosen = (navigator.language || "").toLowerCase().startsWith("ru") ? "ru" : "en";

export const language = () => chosen;

export function setLanguage(next) {
  chosen = ALL[next] ? next : "en";
  keep(localStorage, KEY, chosen);
}

/** A sentence; `{name}` in it is replaced by `values.name`. */
export function t(key, values = {}) {
  let sentence = ALL[chosen][key] ?? key;
  if (typeof sentence === "object") {
    const form = new Intl.PluralRules(chosen).select(values.n);
    sentence = sentence[form] ?? sentence.other;
  }
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** As `t`, and `otherwise` when there is no such sentence (a reason or channel newer than this page). */
export const told = (key, otherwise) => (key in ALL[chosen] ? t(key) : otherwise);

/** Fills what the page's own HTML leaves to words. */
export function fillPage() {
  document.documentElement.lang = chosen;
  for (const node of document.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  for (const node of document.querySelectorAll("[data-t-label]")) node.setAttribute("aria-label", t(node.dataset.tLabel));
  for (const node of document.querySelectorAll("button[data-t-label]")) node.title = t(node.dataset.tLabel);
  for (const node of document.querySelectorAll("[data-t-placeholder]")) node.placeholder = t(node.dataset.tPlaceholder);
  for (const node of document.querySelectorAll("[data-language-switch]")) {
    node.textContent = t("language.other");
    node.lang = chosen === "ru" ? "en" : "ru";
  }
}

const format = (options) => (time) => new Intl.DateTimeFormat(chosen, options).format(new Date(time));
export const clock = format({ hour: "2-digit", minute: "2-digit" });
const dayAndMonth = format({ day: "numeric", month: "long" });
const dayMonthYear = format({ day: "numeric", month: "long", year: "numeric" });
export const moment = format({ day: "numeric", month: "long", hour: "2-digit", minute: "2-digit" });

export const sameDay = (one, other) => new Date(one).toDateString() === new Date(other).toDateString();

/** "Today", "Yesterday", or the date. */
export function day(time, now = Date.now()) {
  if (sameDay(time, now)) return t("day.today");
  if (sameDay(time, now - 86400000)) return t("day.yesterday");
  return new Date(time).getFullYear() === new Date(now).getFullYear() ? dayAndMonth(time) : dayMonthYear(time);
}

/** A time of today by the clock, another one with its day. */
export const when = (time) => (sameDay(time, Date.now()) ? clock(time) : moment(time));
export const shortWhen = (time) =>
  sameDay(time, Date.now()) ? clock(time) : format({ day: "numeric", month: "short" })(time);

/** How long, in the largest units that matter. */
export function span(milliseconds) {
  const minutes = Math.floor(milliseconds / 60000);
  if (minutes < 1) return t("time.now");
  if (minutes < 60) return t("time.minutes", { n: minutes });
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return t("time.hours", { n: hours, m: minutes % 60 });
  return t("time.days", { n: Math.floor(hours / 24) });
}

/** The name of a language in the page's language; the code when the browser knows none. */
export function languageName(code) {
  try {
    return new Intl.DisplayNames([chosen], { type: "language" }).of(code) ?? code;
  } catch {
    return code;
  }
}

/** A customer's name; one without a name is told from others by the end of the conversation's id. */
export const nameOf = (name, id) => name || t("row.nameless", { id: id.slice(-4) });

/** Names of slots, intents and skills come from content files: shown without their underscores. */
export const spoken = (name) => String(name).replace(/[_-]+/g, " ");
export const reason = (code) => told(`reason.${code}`, spoken(code));
export const channel = (name) => told(`channel.${name}`, spoken(name));

/** A file's size, short. */
export function size(bytes) {
  if (bytes < 1000) return t("size.b", { n: bytes });
  const shown = (value) => new Intl.NumberFormat(chosen, { maximumFractionDigits: value < 10 ? 1 : 0 }).format(value);
  return bytes < 1e6 ? t("size.kb", { n: shown(bytes / 1e3) }) : t("size.mb", { n: shown(bytes / 1e6) });
}

/** Seconds as on a player: "1:05". */
export function length(seconds) {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
