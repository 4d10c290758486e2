// The chat: joins the line, the outbox, the log, the box and the page around. See docs/protocols.md.

import { Composer } from "./composer.js";
import { Consent } from "./consent.js";
import { Host } from "./host.js";
import { Line, Outbox } from "./line.js";
import { Log, Tools } from "./log.js";
import { Files, Media } from "./media.js";
import { memoryOf } from "./memory.js";
import { byId, config, glyph } from "./nodes.js";
import { Sound } from "./sound.js";
import { Thread } from "./thread.js";
import { Tray } from "./tray.js";
import { chosen, told, wordsOf } from "./words.js";

const TYPING_LASTS = 5000;
const QUIET = 1500;
const READ_EVERY = 2000;
const NOTED_FOR = 8000;

const page = document.documentElement;
const host = new Host();
// The site's word on who its user is; what the server made of it serves to come back.
let identity = await host.identity;
let pass = "";
const memory = memoryOf(config.key, whose(identity));

let language = chosen(config.language);
let words = wordsOf(language);
let greeting = readGreeting();
let state = { stage: "bot", operator: "" };
let seq = 0;
let said = null; // the token of the last hello
let introduced = false;
let seen = "";
let toldRead = 0;
let welcomed = false;
let refusal = "";
const timers = {};

const thread = new Thread();
const files = new Files({ key: () => (identity ? pass : memory.get("token")), language: () => language });
const tools = new Tools({
  reply: (message) => composer.regard(message),
  edit: (message) => composer.regard(message, true),
  remove: (message) => outbox.add({ type: "delete", of: message.seq }),
  react(message, emoji) {
    message.reactions.customer = emoji;
    log.change(message);
    outbox.add({ type: "react", of: message.seq, emoji });
  },
});
const log = new Log({
  press: (button) => outbox.add({ type: "press", button: button.id, label: button.text }),
  retry: (item) => outbox.retry(item),
  discard: (item) => outbox.discard(item),
  find: (id) => thread.find(id),
  media: new Media(files),
  tools,
});
const line = new Line({ hello, heard, changed });
const outbox = new Outbox(memory, { send: (frame) => line.send(frame), changed: onItsWay, silent: () => line.again() });
const tray = new Tray(files, { changed: () => composer.fit(), refused: note });
const composer = new Composer(memory, {
  send,
  types: () => line.send({ type: "typing" }),
  leave: () => host.tell("close"),
  tray,
  summary: (message) => log.summary(message),
});
const sound = new Sound(memory);
const consent = new Consent(memory, () => {
  line.retry();
  composer.focus();
});

// --- what goes over the line

function hello() {
  introduced = true;
  said = memory.get("token");
  const who = !identity ? { token: said } : pass ? { resume: pass } : { identity };
  const greeted = memory.get("greeted");
  return {
    type: "hello", key: config.key, ...who, after: seq, language, consent: consent.version,
    greeted: greeted === null ? -1 : Number(greeted),
  };
}

function send({ text, to, edits }) {
  if (edits) {
    outbox.add({ type: "edit", of: to.seq, text });
    return;
  }
  const taken = tray.take();
  const frame = { type: "message", text };
  if (taken.length) frame.files = taken.map((item) => item.file);
  if (to) frame.reply_to = to.seq;
  outbox.add(frame, { parts: taken.map(({ file, ...part }) => part), quote: to ? log.summary(to) : "" });
}

// Only what is said has a place of its own while it is on its way.
function onItsWay(item, what) {
  const says = ["message", "press"].includes(item.frame.type);
  if (what === "gone") log.gone(item.frame.id);
  else if (says) log.show(item, what);
  else if (what === "failed") {
    note(item.failed);
    outbox.take(item.frame.id);
  }
}

// --- what comes over the line

function heard(frame) {
  if (frame.type === "welcome") welcome(frame);
  else if (frame.type === "entries") take(frame.entries, frame.seq);
  else if (frame.type === "ack") outbox.acknowledged(frame.id);
  else if (frame.type === "state") setState(frame.state);
  else if (frame.type === "typing") types(frame);
  else if (frame.type === "seen") {
    seen = frame.message;
    showSeen();
  } else if (frame.type === "error" && frame.id) outbox.refused(frame.id, frame.code, frame.text);
  else if (frame.type === "error") refused(frame);
}

function refused({ code, text }) {
  refusal = text;
  // The terms are others since this page was made.
  if (code === "consent") location.reload();
  if (code !== "identity") return;
  if (pass) {
    pass = "";
    line.again();
  } else host.tell("identity");
}

function welcome(frame) {
  // Another tab may have become somebody first: one visitor, one conversation.
  const known = memory.get("token");
  if (frame.token && known && known !== frame.token && known !== said) {
    line.again();
    return;
  }
  pass = frame.pass || "";
  if (frame.token) memory.set("token", frame.token);
  if (frame.greeting) {
    greeting = { ...frame.greeting, at: greeting ? greeting.at : new Date().toISOString() };
    memory.set("greeting", JSON.stringify(greeting));
  }
  const anew = !welcomed || frame.seq < seq || frame.greeting;
  log.aloud(!anew);
  if (anew) {
    thread.clear();
    files.forget();
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
  tray.again();
}

function take(fresh, last) {
  let rings = false;
  for (const entry of fresh) {
    if (entry.seq <= seq) continue;
    seq = entry.seq;
    if (entry.client_id) {
      outbox.take(entry.client_id);
      log.gone(entry.client_id);
    }
    const message = thread.take(entry);
    if (!message) continue;
    if (entry.author !== "customer" && entry.kind === "said") {
      hideTyping();
      rings = true;
    }
    if (message.fresh) log.add(message);
    else log.change(message);
    message.fresh = false;
  }
  seq = Math.max(seq, last);
  showSeen();
  if (thread.messages.length) host.tell("active");
  const looking = host.visible && !document.hidden;
  if (rings && !looking && welcomed) sound.play();
  if (looking) read();
  else unread();
}

function changed(what) {
  clearTimeout(timers.line);
  const bar = byId("line");
  if (what === "open") {
    bar.hidden = true;
    refusal = "";
    return;
  }
  outbox.connected(false);
  hideTyping();
  if (what === "refused" && !consent.given) return;
  const text = what === "refused" ? refusal || words.refused : navigator.onLine ? words.connecting : words.offline;
  // A short break is nobody's business.
  timers.line = setTimeout(() => {
    bar.textContent = text;
    bar.hidden = false;
  }, what === "refused" ? 0 : QUIET);
}

// --- what is on the screen

function speak(asked) {
  const before = language;
  language = chosen(asked);
  words = wordsOf(language);
  page.lang = language;
  document.title = byId("title").textContent = told(config.title, language);
  byId("close").setAttribute("aria-label", words.close);
  for (const part of [log, tray, sound, consent]) part.speak(words, language);
  composer.speak(words);
  setState(state);
  draw();
  // The greeting and the server's sentences follow.
  if (before !== language && welcomed) line.again();
}

function draw() {
  log.clear();
  opening(thread.messages[0]);
  for (const message of thread.messages) log.add(message);
  showSeen();
  for (const item of outbox.items) onItsWay(item, item.failed ? "failed" : "sending");
}

// The greeting is no entry of the timeline: it stands before the first one, and so does what the chat said first.
function opening(next) {
  if (next && next.seq > 1) return;
  const spoken = memory.get("greeted");
  const first = spoken === null ? "" : told(config.greetings[spoken] || {}, language);
  log.spoken = first;
  const at = next ? next.at : greeting?.at || new Date().toISOString();
  if (greeting?.text) log.add(bots(greeting.text, at, next || first ? [] : greeting.buttons));
  if (first) log.add(bots(first, at, next || !greeting ? [] : greeting.buttons));
}

const bots = (text, at, buttons) => ({ kind: "said", author: "bot", name: "", text, at, buttons });

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
  const operator = who === "operator" ? "operator" : "bot";
  typing.querySelector(".avatar").replaceChildren(glyph(operator));
  typing.className = `message ${operator}`;
  const stays = log.atEnd();
  typing.hidden = false;
  if (stays) log.toEnd();
  clearTimeout(timers.typing);
  timers.typing = setTimeout(hideTyping, TYPING_LASTS);
}

function hideTyping() {
  clearTimeout(timers.typing);
  byId("typing").hidden = true;
}

function note(text) {
  const bar = byId("note");
  bar.textContent = text;
  bar.hidden = false;
  clearTimeout(timers.note);
  timers.note = setTimeout(() => (bar.hidden = true), NOTED_FOR);
}

// --- what was read

function read() {
  if (seq > Number(memory.get("read"))) memory.set("read", String(seq));
  unread();
  if (!timers.read) tellRead();
}

// At once, and after that in the pace of READ_EVERY: operators see it, a bot does not ask.
function tellRead() {
  const last = thread.messages.findLast((message) => message.author === "operator" && message.kind === "said");
  timers.read = 0;
  if (!last || last.seq <= toldRead || !host.visible || document.hidden) return;
  toldRead = last.seq;
  line.send({ type: "read", seq: last.seq });
  timers.read = setTimeout(tellRead, READ_EVERY);
}

function unread() {
  const last = Number(memory.get("read"));
  const waiting = ({ seq: at, author, kind }) => at > last && author !== "customer" && kind !== "event";
  host.tell("unread", { count: thread.messages.filter(waiting).length });
}

function showSeen() {
  const message = seen && thread.find(seen);
  if (message) log.seen(message);
}

function readGreeting() {
  try {
    const saved = JSON.parse(memory.get("greeting"));
    return saved && typeof saved.text === "string" && Array.isArray(saved.buttons) ? saved : null;
  } catch {
    return null;
  }
}

// The site's user whom a token is about: what they wrote here stays theirs.
function whose(token) {
  try {
    return token && String(JSON.parse(atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/"))).sub);
  } catch {
    return token;
  }
}

// --- the page around

function identified(token) {
  if (whose(token) !== whose(identity)) {
    // Somebody else: nothing of this page is theirs. The loader tells the new one who it is.
    location.reload();
    return;
  }
  identity = token;
  if (line.refused) line.retry();
}

// The chat speaks first, once, to somebody who has not spoken here.
function greet(rule) {
  const text = told(config.greetings[rule] || {}, language);
  if (!text || memory.get("greeted") !== null || thread.messages.length) return;
  memory.set("greeted", String(rule));
  // Whoever is on the other side must know what the first words answer.
  if (introduced) line.again();
  draw();
  host.tell("tip", { text });
}

host.on = {
  shown() {
    read();
    log.toEnd();
    if (consent.given) composer.focus();
    else byId("agree").focus();
  },
  hidden: unread,
  language: speak,
  identity: identified,
  greet,
};
memory.watch((name) => name === "read" && unread());
document.addEventListener("visibilitychange", () => !document.hidden && host.visible && read());
byId("close").hidden = !host.framed;
byId("close").addEventListener("click", () => host.tell("close"));
consent.ask();
speak(config.language);
if (consent.given) line.now();
if (host.visible && consent.given) composer.focus();
host.tell("ready");
