// What the words in the field are about: an answer to one message, or new words for an own one. Of each
// conversation for itself, and shown above the field.

import { by, toast, uuid } from "./dom.js";
import { emit, on, state } from "./state.js";
import { t } from "./words.js";

/** Conversation id to `{kind: "reply", seq, text}` or `{kind: "edit", seq, text, id, draft}`. */
const contexts = new Map();

let draftNow = () => "";
let noting = () => false;
let onBegin = () => {};
let onEnd = () => {};

/** `draft()` is what stands in the field, `note()` whether that is a note. `begin(text)` puts words there for the customer, `ended(text)` whatever
 *  was there before; null leaves the field as it is. */
export function startContext({ draft, note, begin, ended }) {
  draftNow = draft;
  noting = note;
  onBegin = begin;
  onEnd = ended;
  by("context-end").addEventListener("click", () => {
    end();
    by("text").focus();
  });
  on("open", draw);
}

export const context = () => contexts.get(state.open) ?? null;

/** A half-written note must not become words for the customer. */
export function answer(seq, text) {
  if (noting()) return toast(t("composer.note.first"));
  end();
  contexts.set(state.open, { kind: "reply", seq, text });
  draw();
  return onBegin(null);
}

/** Edits the message's words; what stood in the field comes back afterwards. */
export function edit(message) {
  if (noting()) return toast(t("composer.note.first"));
  end();
  const text = message.parts.filter((part) => part.kind === "text").map((part) => part.text).join("\n");
  contexts.set(state.open, { kind: "edit", seq: message.entry.seq, text, id: uuid(), draft: draftNow() });
  draw();
  return onBegin(text);
}

/** Back to a plain message. */
export function end() {
  const held = context();
  if (!held) return;
  contexts.delete(state.open);
  draw();
  onEnd(held.kind === "edit" ? held.draft : null);
}

export function draw() {
  const held = context();
  by("context").hidden = !held;
  by("context-says").textContent = held ? t(`composer.${held.kind === "edit" ? "editing" : "replying"}`, { text: held.text }) : "";
  emit("context");
}
