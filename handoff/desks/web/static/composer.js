// Where the operator writes. Who will read it is always in sight: the mode has its own colour, its own
// words on the button and in the field.

import { api } from "./api.js";
import { attached, startAttach, taken } from "./attach.js";
import * as canned from "./canned.js";
import { context, draw as drawContext, edit, end, startContext } from "./context.js";
import { by, choose, keep, kept, toast } from "./dom.js";
import { lookOver, startHints } from "./hints.js";
import * as limits from "./limits.js";
import { belongs, emit, on, openRow, state, windowClosed } from "./state.js";
import { lastOwn } from "./talk.js";
import { unsent } from "./unsent.js";
import { t } from "./words.js";

const LIMIT = 4000;
const TYPING_EVERY = 3000;

let mode = "reply";
/** Whether the note's mode is for the words in the field only: after them it is a reply's again. */
let once = false;
/** The open conversation as it was last drawn: its id, and whether it had a ticket. */
let before = { id: "", ticket: false };
let typed = 0;
/** Conversations where the operator agreed to write beside a colleague, with that colleague's name. */
const agreed = new Map();

const field = () => by("text");
const draftKey = (id) => `estafeta.desk.draft.${id}`;

export function startComposer() {
  by("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  field().addEventListener("input", changed);
  field().addEventListener("keydown", pressed);
  field().addEventListener("blur", canned.close);
  by("mode-reply").addEventListener("click", () => setMode("reply"));
  by("mode-note").addEventListener("click", () => setMode("note"));
  by("composer").querySelector(".modes").addEventListener("keydown", (event) => {
    if (event.key.startsWith("Arrow")) {
      event.preventDefault();
      toggleMode();
      by(`mode-${mode}`).focus();
    }
  });
  by("canned-open").addEventListener("click", openCanned);
  on("rows", () => {
    noteEnds();
    drawOwner();
  });
  on("open", restore);
  on("context", drawSend);
  startAttach(() => mode === "reply" && context()?.kind !== "edit");
  limits.startLimits(() => mode === "reply");
  startContext({
    draft: () => field().value,
    note: () => mode === "note" && field().value.trim() !== "",
    begin: (text) => {
      setMode("reply");
      putWords(text);
      field().focus();
    },
    ended: putWords,
  });
  canned.startCanned(insert);
  startHints((text, now) => {
    if (mode === "note" && field().value.trim()) return toast(t("composer.note.first"));
    setMode("reply");
    if (now) return sendWords(text);
    return insert(text);
  });
  // Taken back, the words are at hand again, unless others have been begun.
  on("undid", (item) => {
    if (item.conversation !== state.open || field().value.trim()) return;
    setMode("reply");
    insert(item.text);
  });
}

function insert(text) {
  field().value = text;
  changed();
  field().focus();
}

/** A suggestion as it stands; what is in the field stays there. */
function sendWords(text) {
  const row = openRow();
  if (!row || windowClosed()) return;
  unsent.add(row.id, "reply", text, { files: [], reply_to: null });
}

function putWords(text) {
  if (text !== null) field().value = text;
  canned.forget();
  saveDraft();
  fit();
  drawCount();
  emit("mode");
}

/** The draft of the conversation that is open now. */
function restore() {
  canned.forget();
  const draft = kept(sessionStorage, draftKey(state.open), {});
  const held = context();
  field().value = (held?.kind === "edit" ? held.text : draft.text) ?? "";
  // Words begun as a note stay one, or a customer would get them; the mode itself does not outlive them.
  setMode(draft.mode === "note" ? "note" : "reply", { focus: false, only: true });
  fit();
  drawCount();
}

/** `only`: the mode is for one message. */
export function setMode(next, { focus = true, only = false } = {}) {
  mode = next;
  once = only && mode === "note";
  if (mode === "note") canned.close();
  by("composer").dataset.mode = mode;
  for (const each of ["reply", "note"]) {
    by(`mode-${each}`).setAttribute("aria-checked", String(each === mode));
    by(`mode-${each}`).tabIndex = each === mode ? 0 : -1;
  }
  by("mode-says").textContent = t(`composer.says.${mode}`);
  if (mode === "note" && context()) end();
  drawSend();
  field().placeholder = t(`composer.placeholder.${mode}`);
  field().setAttribute("aria-label", t(`composer.${mode}`));
  saveDraft();
  drawOwner();
  emit("mode");
  if (focus) field().focus();
}

function drawSend() {
  const says = mode === "note" ? "save" : context()?.kind === "edit" ? "change" : "send";
  by("send").textContent = t(`composer.${says}`);
}

export const toggleMode = () => setMode(mode === "reply" ? "note" : "reply");

/** With the ticket ends the note's mode, at once or, when a note is being written, after it. */
function noteEnds() {
  const row = openRow();
  const now = { id: row?.id ?? "", ticket: Boolean(row) && row.stage !== "bot" };
  const ended = before.id === now.id && before.ticket && !now.ticket;
  before = now;
  if (!ended || mode !== "note") return;
  setMode(field().value.trim() ? "note" : "reply", { focus: false, only: true });
}

/** New words for an old message are no draft: they are gone with the page, and the message stays as it is. */
function saveDraft() {
  if (!state.open || context()?.kind === "edit") return;
  const text = field().value;
  keep(sessionStorage, draftKey(state.open), text ? { text, mode } : null);
}

function changed() {
  if (mode === "reply" && field().value.startsWith("//") && !context()) {
    field().value = field().value.slice(2).trimStart();
    setMode("note", { only: true });
  }
  if (mode === "reply") canned.follow(field().value);
  lookOver(mode === "reply" ? field().value : "");
  saveDraft();
  fit();
  drawCount();
  tellTyping();
}

/** The field, for words to the customer or for a note, wherever one was. */
export function write(as) {
  if (!state.open) return;
  setMode(as);
}

export function openCanned() {
  if (!field().value) {
    setMode("reply");
    field().value = "/";
  }
  field().focus();
  canned.follow(field().value.startsWith("/") ? field().value : "/");
}

function pressed(event) {
  if (canned.key(event)) return;
  // While an input method composes a word, Enter belongs to it.
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing && !event.altKey) {
    event.preventDefault();
    send();
  } else if (event.key === "Escape" && context()) {
    event.preventDefault();
    event.stopPropagation();
    end();
  } else if (event.key === "ArrowUp" && !field().value && mode === "reply" && !event.altKey) {
    const last = lastOwn();
    if (!last) return;
    event.preventDefault();
    edit(last);
  }
}

async function send() {
  const text = field().value.trim();
  const row = openRow();
  const { files, trouble } = mode === "reply" ? attached() : { files: [], trouble: "" };
  if (!row || [...text].length > LIMIT) return;
  if (context()?.kind === "edit") return saveEdit(row, text);
  if (trouble) return toast(t(trouble));
  if (!text && !files.length) return;
  if (mode === "reply" && windowClosed()) return limits.draw();
  if (mode === "reply" && canned.lacks(text)) {
    field().focus();
    canned.follow(text);
    return toast(t("canned.unknown"));
  }
  let as = mode;
  const colleague = belongs(row) === "people" ? row.assignee : "";
  if (as === "reply" && colleague && agreed.get(row.id) !== colleague) {
    const answer = await choose(t("ask.colleague", { name: colleague }), [
      { id: "no", label: t("ask.no") },
      { id: "note", label: t("ask.note") },
      { id: "send", label: t("ask.yes.send"), kind: "primary" },
    ]);
    if (answer !== "send" && answer !== "note") return field().focus();
    if (answer === "send") agreed.set(row.id, colleague);
    as = answer === "note" ? "note" : "reply";
  }
  if (state.open !== row.id) return;
  lookOver("");
  field().value = "";
  const replyTo = as === "reply" ? (context()?.seq ?? null) : null;
  if (as === "reply") {
    taken();
    end();
  }
  // A mode chosen by its button or key stays until it is changed; that of two slashes was for this note.
  if (once) setMode("reply");
  else saveDraft();
  canned.forget();
  fit();
  drawCount();
  if (as === "reply") unsent.add(row.id, as, text, { files, reply_to: replyTo, sure: Boolean(colleague) });
  else if (text) unsent.add(row.id, as, text);
  field().focus();
}

/** The words stay in the field until the server has taken them; the same id again is the same edit. */
async function saveEdit(row, text) {
  const held = context();
  if (!text || by("send").disabled) return;
  if (text === held.text) return end();
  by("send").disabled = true;
  try {
    await api.edit(row.id, held.seq, { id: held.id, text });
    if (context() === held) end();
  } catch (error) {
    toast(error.message);
  }
  drawCount();
}

function tellTyping() {
  const row = openRow();
  const now = Date.now();
  const silent = mode === "note" || !row || row.stage === "bot" || !field().value.trim() || field().value.startsWith("/");
  if (silent || now - typed < TYPING_EVERY) return;
  typed = now;
  // A lost sign of typing is not worth a word.
  api.typing(row.id).catch(() => {});
}

function drawOwner() {
  const row = openRow();
  const whose = row ? belongs(row) : "";
  const hint = by("owner-hint");
  hint.hidden = mode === "note" || !row || whose === "mine";
  hint.classList.toggle("warn", whose === "people");
  if (!hint.hidden) hint.textContent = t(`owner.${whose}`, { name: row.assignee });
}

function drawCount() {
  const over = [...field().value.trim()].length - LIMIT;
  by("count").textContent = over > 0 ? t("composer.long", { n: over }) : "";
  by("send").disabled = over > 0;
}

/** As high as its text, within the style's limits. */
function fit() {
  field().style.height = "auto";
  field().style.height = `${field().scrollHeight + 2}px`;
}

/** After a change of language. */
export function translate() {
  setMode(mode, { focus: false, only: once });
  drawContext();
  drawCount();
}
