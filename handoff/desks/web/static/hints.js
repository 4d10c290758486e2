// What helps while one writes: suggestions of what to answer, and a word when the tone may sound wrong. Neither ever
// keeps anybody from sending.

import { api } from "./api.js";
import { bdi, by, el } from "./dom.js";
import { belongs, on, openRow, state } from "./state.js";
import { t, told } from "./words.js";

const PAUSE = 700;

let timer = 0;
let looked = "";
let suggested = "";
let use = () => {};

/** `insert(text, send)` puts words in the field, and sends them if it is to. */
export function startHints(insert) {
  use = insert;
  on("open", forget);
  on("rows", suggest);
  on("language", suggest);
}

function forget() {
  clearTimeout(timer);
  looked = suggested = "";
  by("suggestions").hidden = by("tone").hidden = true;
  by("suggestions").replaceChildren();
  by("tone").replaceChildren();
}

/** For every new word of the customer's that people are to answer. */
async function suggest() {
  const row = openRow();
  const wanted = state.me?.suggests && row?.waiting && ["mine", "queued"].includes(belongs(row));
  const key = wanted ? `${row.id} ${row.last?.at}` : "";
  if (key === suggested) return;
  suggested = key;
  by("suggestions").hidden = true;
  if (!key) return;
  // Without suggestions one answers as before: that there are none is no news.
  const found = await api.suggestions(row.id).catch(() => ({ suggestions: [] }));
  if (suggested !== key || state.open !== row.id) return;
  by("suggestions").hidden = !found.suggestions.length;
  by("suggestions").replaceChildren(...found.suggestions.map(item));
}

function item({ source, title, text }) {
  const label = [told(`suggest.${source}`, ""), title].filter(Boolean).join(": ");
  return el(
    "li",
    { class: "suggestion" },
    el(
      "button",
      { type: "button", class: "suggestion-words", title: text, "aria-label": t("suggest.edit", { text }), onclick: () => use(text, false) },
      el("span", { class: "suggestion-text" }, label ? bdi(label, { class: "suggestion-title" }) : "", bdi(text)),
    ),
    el("button", { type: "button", class: "icon-button", "aria-label": t("suggest.send", { text }), title: t("composer.send"), onclick: () => use(text, true) }, "➤"),
  );
}

/** After a pause in the typing. */
export function lookOver(text) {
  clearTimeout(timer);
  if (!state.me?.checks_tone) return;
  const words = text.trim();
  if (words.length < 4 || words.startsWith("/")) {
    looked = "";
    return draw([]);
  }
  if (words === looked) return;
  const id = state.open;
  timer = setTimeout(async () => {
    looked = words;
    const found = await api.tone(id, words.slice(0, 4000)).catch(() => ({ warnings: [] }));
    if (looked === words && state.open === id) draw(found.warnings);
  }, PAUSE);
}

function draw(warnings) {
  by("tone").hidden = !warnings.length;
  by("tone").replaceChildren(...warnings.map((says) => el("p", {}, says)));
}
