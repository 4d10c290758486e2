// One dialog for everything that needs a few words before it is done: fields in, values out.

import { by, el } from "./dom.js";
import { t } from "./words.js";

let settle = () => {};
let fields = [];
let check = () => "";

export function startForm() {
  by("form-cancel").addEventListener("click", () => by("form").close());
  // It may be open again by now, for the next question.
  by("form").addEventListener("close", () => by("form").open || settle(null));
  by("form-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const values = Object.fromEntries(fields.map((field) => [field.name, field.value()]));
    const wrong = check(values);
    by("form-says").textContent = wrong;
    if (wrong) return fields[0]?.focus();
    settle(values);
    settle = () => {};
    return by("form").close();
  });
}

/** Resolves to the values by the fields' names, or null when it was dismissed. A field: `{name, label, kind, value,
 *  options, hint}`; kinds are text, number, time, select (options: `{value, label, group}`), choices (several of
 *  `options`) and quick (text with `options` to be taken by a click). `wrong(values)` says what is wrong, or "". */
export function askFor({ title, go, fields: wanted = [], warning = "", danger = false, wrong = () => "" }) {
  fields = wanted.map(MAKE);
  check = wrong;
  by("form-title").textContent = title;
  by("form-go").textContent = go;
  by("form-go").classList.toggle("danger", danger);
  by("form-warning").textContent = warning;
  by("form-warning").hidden = !warning;
  by("form-says").textContent = "";
  by("form-fields").replaceChildren(...fields.map((field) => field.node));
  return new Promise((resolve) => {
    settle(null);
    settle = resolve;
    by("form").showModal();
    (fields[0] ?? { focus: () => by("form-cancel").focus() }).focus();
  });
}

const MAKE = (field) => KINDS[field.kind ?? "text"](field);

const labelled = (field, ...inside) =>
  el("label", {}, el("span", {}, field.label), ...inside, field.hint ? el("small", { class: "hint" }, field.hint) : "");

function input(field, props) {
  const box = el("input", { dir: "auto", autocomplete: "off", ...props });
  box.value = field.value ?? "";
  return { name: field.name, node: labelled(field, box), box, value: () => box.value.trim(), focus: () => box.focus() };
}

/** A time as the browser's field for times wants it: local, without a zone. */
export function localTime(moment) {
  const pad = (value) => String(value).padStart(2, "0");
  const day = `${moment.getFullYear()}-${pad(moment.getMonth() + 1)}-${pad(moment.getDate())}`;
  return `${day}T${pad(moment.getHours())}:${pad(moment.getMinutes())}`;
}

const KINDS = {
  text: (field) => input(field, { maxlength: String(field.most ?? 300) }),

  number: (field) => {
    const made = input(field, { type: "number", min: String(field.low), max: String(field.high), step: "1" });
    return { ...made, value: () => Number(made.box.value) };
  },

  /** With quick choices; its value is an ISO time, or "" when none is given. */
  time: (field) => {
    const made = input(field, { type: "datetime-local" });
    const quick = (field.options ?? []).map(({ label, at }) =>
      el("button", { type: "button", class: "button small", onclick: () => (made.box.value = localTime(at)) }, label),
    );
    const node = el("div", { class: "field-group" }, made.node, el("div", { class: "quick" }, ...quick));
    const value = () => (made.box.value && !Number.isNaN(Date.parse(made.box.value)) ? new Date(made.box.value).toISOString() : "");
    return { ...made, node, value };
  },

  select: (field) => {
    const groups = new Map();
    for (const option of field.options) groups.set(option.group ?? "", [...(groups.get(option.group ?? "") ?? []), option]);
    const one = (option) => el("option", { value: option.value }, option.label);
    const inside = [...groups].flatMap(([name, options]) => (name ? [el("optgroup", { label: name }, ...options.map(one))] : options.map(one)));
    const box = el("select", {}, ...inside);
    box.value = field.value ?? field.options[0]?.value ?? "";
    return { name: field.name, node: labelled(field, box), value: () => box.value, focus: () => box.focus() };
  },

  choices: (field) => {
    const boxes = field.options.map((option) => {
      const box = el("input", { type: "checkbox", value: option.value });
      box.checked = (field.value ?? []).includes(option.value);
      return { box, node: el("label", { class: "choice" }, box, " ", option.label) };
    });
    const legend = el("legend", {}, field.label);
    const hint = field.hint ? el("small", { class: "hint" }, field.hint) : "";
    const node = el("fieldset", { class: "choices" }, legend, ...boxes.map((item) => item.node), hint);
    const value = () => boxes.filter((item) => item.box.checked).map((item) => item.box.value);
    return { name: field.name, node, value, focus: () => boxes[0]?.box.focus() };
  },

  quick: (field) => {
    const made = input(field, { maxlength: String(field.most ?? 300) });
    const quick = field.options.map((words) =>
      el("button", { type: "button", class: "button small", onclick: () => (made.box.value = words) }, words),
    );
    return { ...made, node: el("div", { class: "field-group" }, made.node, quick.length ? el("div", { class: "quick" }, ...quick) : "") };
  },
};

/** Times that people put things off until. */
export function soonTimes() {
  const now = new Date();
  const later = (minutes) => new Date(now.getTime() + minutes * 60000);
  const morning = (days) => new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, 9);
  const monday = morning(((8 - now.getDay()) % 7) || 7);
  return [
    { label: t("time.in.half"), at: later(30) },
    { label: t("time.in.hour"), at: later(60) },
    { label: t("time.in.three"), at: later(180) },
    { label: t("time.tomorrow"), at: morning(1) },
    { label: t("time.monday"), at: monday },
  ];
}
