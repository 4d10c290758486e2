// Take, return, close: by buttons and keys, with a question where a slip would reach the customer.

import { api } from "./api.js";
import { by, choose, toast } from "./dom.js";
import { belongs, on, openRow } from "./state.js";
import { t } from "./words.js";

let busy = false;

export function startActions() {
  by("take").addEventListener("click", () => act("take"));
  by("return").addEventListener("click", () => act("return"));
  by("close").addEventListener("click", () => act("close"));
  on("rows", draw);
  on("open", draw);
}

export async function act(move) {
  const row = openRow();
  if (!row || busy || by(move).hidden) return;
  if (!(await agreed(move, row))) return;
  busy = true;
  draw();
  try {
    await api.move(row.id, move);
  } catch (error) {
    toast(error.message);
  }
  busy = false;
  draw();
}

async function agreed(move, row) {
  if (move === "take" && belongs(row) === "people") {
    return yes(t("ask.reassign", { name: row.assignee }), t("ask.yes.take"));
  }
  if (move === "close" && row.waiting) return yes(t("ask.close"), t("ask.yes.close"));
  return true;
}

async function yes(question, label) {
  const answer = await choose(question, [
    { id: "no", label: t("ask.no") },
    { id: "yes", label, kind: "primary" },
  ]);
  return answer === "yes";
}

function draw() {
  const row = openRow();
  const whose = row ? belongs(row) : "";
  by("take").hidden = !row || whose === "mine";
  by("take").textContent = t({ bot: "do.takeover", people: "do.reassign" }[whose] ?? "do.take");
  by("return").hidden = by("close").hidden = !row || whose === "bot";
  by("return").textContent = t("do.return");
  by("close").textContent = t("do.close");
  for (const move of ["take", "return", "close"]) by(move).disabled = busy;
}
