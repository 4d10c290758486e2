// Why the bot answered as it did, under its message: what it understood, where its words stand, which rule called people.

import { api } from "./api.js";
import { bdi, el } from "./dom.js";
import { skill, state } from "./state.js";
import { reason, spoken, t } from "./words.js";

/** Shows it, or takes it away again. */
export async function tellWhy(message) {
  if (message.why) {
    message.why.remove();
    message.why = null;
    return;
  }
  const id = state.open;
  const found = await api.why(id, message.entry.seq);
  if (message.why || state.open !== id) return;
  const lines = linesOf(found).map((line) => el("li", {}, ...line));
  message.why = el("ul", { class: "message-old message-why", "aria-label": t("explain.label") }, ...lines);
  message.foot.before(message.why);
}

function linesOf(found) {
  const intents = found.understood.map(({ intent, confidence }) => `${spoken(intent)} ${Math.round(confidence * 100)} %`);
  const lines = [];
  if (found.waited_at) lines.push([t("explain.at"), " ", bdi(found.waited_at)]);
  if (intents.length) lines.push([t("explain.understood", { model: found.model || "?" }), " ", bdi(intents.join(", "))]);
  if (found.fallback) lines.push([t("explain.nothing")]);
  for (const flow of found.flows) lines.push([t("explain.flow"), " ", bdi(flow)]);
  for (const call of found.called) lines.push([t("explain.called"), " ", bdi(call)]);
  for (const { text, flow, where } of found.said) {
    const from = [flow, where].filter(Boolean).join(" ") || t("explain.phrase");
    lines.push([t("explain.said"), " ", bdi(text), " [", bdi(from), "]"]);
  }
  for (const rule of found.people) {
    const [why, to] = rule.split(" → ");
    lines.push([t("explain.people"), " ", bdi([reason(why), skill(to ?? "")].filter(Boolean).join(" → "))]);
  }
  if (found.release) lines.push([t("explain.release"), " ", bdi(found.release)]);
  return lines;
}
