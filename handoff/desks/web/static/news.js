// Sentences about a conversation that stand nowhere in its timeline: a bad mark, a customer who waits for an answer, a
// colleague who took over. They are shown to those they are for, wherever on the page they are; those for nobody in
// particular, to who looks at the conversation.

import { by, toast } from "./dom.js";
import { presenceNames } from "./presence.js";
import { state } from "./state.js";
import { unsent } from "./unsent.js";
import { nameOf, t, told, when } from "./words.js";

const heard = new Set();
let open = () => {};

export function startNews(onOpen) {
  open = onOpen;
}

/** What came with a conversation that was read. Whether it is to be called out to somebody who looks elsewhere. */
export function hear({ row, told: news }) {
  if (!news || heard.has(news.id)) return "";
  const { id, text, people, message } = news;
  const here = row.id === state.open;
  const forMe = people.includes(state.me.id);
  if (!here && !forMe) return "";
  heard.add(id);
  // That an answer was taken back stands under it, and whoever has the conversation knows that they do.
  const known = text === "undone" || (["owned", "already_taken"].includes(text) && row.mine);
  if (known || (people.length && !forMe) || (message && !unsent.mine(message))) return "";
  const words = inWords(news);
  if (here && !by("talk").hidden && by("floor").hidden) {
    toast(words, CALLS.includes(text) ? "info" : "error");
    return "";
  }
  const whole = `${nameOf(row.name, row.id)}: ${words}`;
  toast(whole, "info", { label: t("news.open"), go: () => open(row.id) });
  return whole;
}

/** These call to work; the others tell why something was not done. */
const CALLS = ["csat_bad", "unanswered", "answer_due", "promise_near", "promise_moved", "held_over", "taken_over", "not_there"];

function inWords({ text, values }) {
  const shown = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value_(value)]));
  if (values.about) shown.whose = values.name || t(`rated.${values.about}`);
  if (values.to) shown.to = presenceNames().get(values.to) ?? t("who.operator");
  const sentence = told(`why.${text}`, text);
  return sentence.replace(/\{(\w+)\}/g, (_, name) => shown[name] ?? "").replace(/\s+/g, " ").trim();
}

const TIME = /^\d{4}-\d\d-\d\dT/;
const value_ = (value) => (TIME.test(value) && !Number.isNaN(Date.parse(value)) ? when(value) : String(value ?? ""));
