// The chat: joins the line, the outbox, the log, the box and the page around. See docs/protocols.md.

import { Composer } from "./composer.js";
import { Host } from "./host.js";
import { Line } from "./line.js";
import { Log, glyph } from "./log.js";
import { memoryOf } from "./memory.js";
import { Outbox } from "./outbox.js";
import { chosen, titleOf, wordsOf } from "./words.js";

const TYPING_LASTS = 5000;
const QUIET = 1500;

const page = document.documentElement;
const byId = (id) => document.getElementById(id);
const memory = memoryOf(page.dataset.key);

let language = chosen(page.dataset.language);
let words = wordsOf(language);
let entries = [];
let greeting = readGreeting();
let state = { stage: "bot", operator: "" };
let seq = 0;
let said = null; // the token of the last hello
let welcomed = false;
let quietly = 0;
let typingEnds = 0;

const host = new Host({
  shown() {
    read();
    log.toEnd();
    composer.focus();
  },
  hidden: unread,
  language: speak,
});
const log = new Log({
  press: (button) => outbox.add({ type: "press", button: button.id, label: button.text }),
  retry: (item) => outbox.retry(item),
  discard: (item) => outbox.discard(item),
});
const line = new Line({
  hello() {
    said = memory.get("token");
    return { type: "hello", key: page.dataset.key, token: said, after: seq, language };
  },
  heard,
  changed,
});
const outbox = new Outbox(memory, {
  send: (frame) => line.send(frame),
  changed: (item, what) => (what === "gone" ? log.gone(item.frame.id) : log.show(item, what)),
  silent: () => line.again(),
});
const composer = new Composer(memory, {
  send: (text) => outbox.add({ type: "message", text }),
  types: () => line.send({ type: "typing" }),
  leave: () => host.tell("close"),
});

// --- what comes over the line

function heard(frame) {
  if (frame.type === "welcome") welcome(frame);
  else if (frame.type === "entries") take(frame.entries, frame.seq);
  else if (frame.type === "ack") outbox.acknowledged(frame.id);
  else if (frame.type === "state") setState(frame.state);
  else if (frame.type === "typing") types(frame);
  else if (frame.type === "error" && frame.id) outbox.refused(frame.id, frame.code, frame.text);
}

function welcome(frame) {
  // Another tab may have become somebody first: one visitor, one conversation.
  const known = memory.get("token");
  if (known && known !== frame.token && known !== said) {
    line.again();
    return;
  }
  memory.set("token", frame.token);
  if (frame.greeting) {
    greeting = { ...frame.greeting, at: greeting ? greeting.at : new Date().toISOString() };
    memory.set("greeting", JSON.stringify(greeting));
  }
  const anew = !welcomed || frame.seq < seq || frame.greeting;
  log.aloud(!anew);
  if (anew) {
    entries = [];
    seq = 0;
    log.clear();
    opening(frame.entries[0]);
  }
  welcomed = true;
  setState(frame.state);
  take(frame.entries, frame.seq);
  log.toEnd();
  setTimeout(() => log.aloud(true), 300);
  outbox.connected(true);
}

function take(fresh, last) {
  for (const entry of fresh) {
    if (entry.seq <= seq) continue;
    seq = entry.seq;
    entries.push(entry);
    if (entry.client_id) {
      outbox.take(entry.client_id);
      log.gone(entry.client_id);
    }
    if (entry.author !== "customer") hideTyping();
    log.add(entry);
  }
  seq = Math.max(seq, last);
  if (entries.length) host.tell("active");
  if (host.visible && !document.hidden) read();
  else unread();
}

function changed(what) {
  clearTimeout(quietly);
  const note = byId("line");
  if (what === "open") {
    note.hidden = true;
    return;
  }
  outbox.connected(false);
  hideTyping();
  const text = what === "refused" ? words.refused : navigator.onLine ? words.connecting : words.offline;
  // A short break is nobody's business.
  quietly = setTimeout(() => {
    note.textContent = text;
    note.hidden = false;
  }, what === "refused" ? 0 : QUIET);
}

// --- what is on the screen

function speak(asked) {
  const before = language;
  language = chosen(asked);
  words = wordsOf(language);
  page.lang = language;
  document.title = byId("title").textContent = titleOf(language);
  byId("close").setAttribute("aria-label", words.close);
  log.speak(words, language);
  composer.speak(words);
  setState(state);
  draw();
  // The greeting and the server's sentences follow.
  if (before !== language) line.again();
}

function draw() {
  log.clear();
  opening(entries[0]);
  for (const entry of entries) log.add(entry);
  for (const item of outbox.items) log.show(item, item.failed ? "failed" : "sending");
}

// The greeting is no entry of the timeline: it stands before the first one.
function opening(next) {
  if (!greeting || !greeting.text || (next && next.seq > 1)) return;
  const { text, buttons, at } = greeting;
  log.add({ author: "bot", name: "", at: next ? next.at : at, text, buttons: next ? [] : buttons });
}

function setState(now) {
  state = now;
  const text = now.stage === "human" && now.operator ? words.named(now.operator) : words.stage[now.stage];
  if (byId("state").textContent !== text) byId("state").textContent = text;
  byId("speaker").replaceChildren(glyph(now.stage === "human" ? "operator" : "bot"));
  page.dataset.stage = now.stage;
}

function types({ who, name }) {
  const typing = byId("typing");
  byId("typist").textContent = words.types(name || words[who] || words.operator);
  typing.querySelector(".avatar").replaceChildren(glyph(who));
  typing.className = `message ${who === "operator" ? "operator" : "bot"}`;
  const stays = log.atEnd();
  typing.hidden = false;
  if (stays) log.toEnd();
  clearTimeout(typingEnds);
  typingEnds = setTimeout(hideTyping, TYPING_LASTS);
}

function hideTyping() {
  clearTimeout(typingEnds);
  byId("typing").hidden = true;
}

// --- what was read

function read() {
  if (seq > Number(memory.get("read"))) memory.set("read", String(seq));
  unread();
}

function unread() {
  const last = Number(memory.get("read"));
  host.tell("unread", { count: entries.filter((entry) => entry.seq > last && entry.author !== "customer").length });
}

function readGreeting() {
  try {
    const saved = JSON.parse(memory.get("greeting"));
    return saved && typeof saved.text === "string" && Array.isArray(saved.buttons) ? saved : null;
  } catch {
    return null;
  }
}

memory.watch((name) => name === "read" && unread());
document.addEventListener("visibilitychange", () => !document.hidden && host.visible && read());
byId("close").hidden = !host.framed;
byId("close").addEventListener("click", () => host.tell("close"));
speak(page.dataset.language);
line.now();
if (!host.framed) composer.focus();
