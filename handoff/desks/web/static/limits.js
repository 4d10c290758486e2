// What must be known before anybody types: that the time to write freely is over, or that strangers read along.

import { by, el } from "./dom.js";
import { safeLink } from "./marks.js";
import { closesAt, emit, on, state, windowClosed } from "./state.js";
import { chooseTemplate } from "./template.js";
import { t, when } from "./words.js";

/** From then on the end of the window is in sight. */
const SOON = 3 * 3600000;
/** Timers do not wait for longer than 2^31 ms. */
const LONGEST = 2 ** 31 - 1;

let timer = 0;
let replying = () => true;

export function startLimits(isReplying) {
  replying = isReplying;
  by("template-open").addEventListener("click", chooseTemplate);
  on("can", changed);
  on("mode", draw);
}

function changed() {
  clearTimeout(timer);
  const left = (closesAt() ?? 0) - Date.now();
  // First when the end comes in sight, then when it has come.
  if (left > 0) timer = setTimeout(() => emit("can"), Math.min(left > SOON ? left - SOON : left, LONGEST) + 50);
  draw();
}

export function draw() {
  const { can } = state;
  const closed = replying() && windowClosed();
  by("closed").hidden = !closed;
  by("field").hidden = closed;
  by("template-open").hidden = !can?.templates;
  if (closed) by("closed-says").textContent = t(can.templates ? "window.closed.templates" : "window.closed");
  const soon = !closed && replying() && closesAt() !== null && closesAt() - Date.now() < SOON;
  by("window-hint").hidden = !soon;
  if (soon) by("window-hint").textContent = t("window.open", { time: when(closesAt()) });
  by("public-hint").hidden = !(can?.public && replying());
  if (can?.public) by("public-hint").replaceChildren(...publicWords(can.private));
}

function publicWords(place) {
  const address = place ? safeLink(place) : "";
  const link = address ? el("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, place) : "";
  return [t("public.warn"), ...(link ? [" ", t("public.private"), " ", link] : [])];
}
