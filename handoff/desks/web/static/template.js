// Approved templates: chosen, filled, seen as the customer will read them, and sent.

import { api } from "./api.js";
import { by, el } from "./dom.js";
import { state } from "./state.js";
import { unsent } from "./unsent.js";
import { t } from "./words.js";

const PLACE = /\{\{\s*([0-9]{1,2})\s*\}\}/g;

let known = [];
let of = "";

export function startTemplate() {
  by("template-choice").addEventListener("change", drawPlaces);
  by("template-values").addEventListener("input", drawPreview);
  by("template-cancel").addEventListener("click", () => by("template").close());
  by("template-form").addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
}

export async function chooseTemplate() {
  const whose = (of = state.open);
  known = [];
  by("template-says").textContent = t("template.loading");
  by("template-fields").hidden = by("template-send").hidden = true;
  by("template").showModal();
  try {
    const found = await api.templates(whose);
    if (whose !== of) return;
    known = found.templates;
    by("template-says").textContent = known.length ? "" : t("template.none");
  } catch (error) {
    if (whose !== of) return;
    by("template-says").textContent = error.message;
  }
  by("template-fields").hidden = by("template-send").hidden = !known.length;
  by("template-choice").replaceChildren(
    ...known.map((item, index) => el("option", { value: String(index) }, `${item.name} (${item.language})`)),
  );
  if (!known.length) return;
  drawPlaces();
  by("template-choice").focus();
}

const chosen = () => known[Number(by("template-choice").value)];
const inputs = () => [...by("template-values").querySelectorAll("input")];

function drawPlaces() {
  const fields = Array.from({ length: chosen().places }, (_, index) =>
    el("label", {}, el("span", {}, t("template.value", { n: index + 1 })), el("input", { maxlength: "1024", dir: "auto", autocomplete: "off" })),
  );
  by("template-values").replaceChildren(...fields);
  drawPreview();
}

function drawPreview() {
  const values = inputs().map((input) => input.value.trim());
  by("template-preview").textContent = filled(chosen().text, values);
  by("template-says").textContent = "";
}

/** A place without its value stays as it is. */
const filled = (text, values) => text.replace(PLACE, (place, number) => values[Number(number) - 1] || place);

function send() {
  const values = inputs().map((input) => input.value.trim());
  const missing = inputs().find((input) => !input.value.trim());
  if (missing) {
    by("template-says").textContent = t("template.empty");
    return missing.focus();
  }
  const { name, language, text } = chosen();
  by("template").close();
  return unsent.add(of, "template", filled(text, values), { template: { name, language, values } });
}
