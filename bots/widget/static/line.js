// The socket: says hello, keeps itself alive, comes back after every break. What is said over it is
// not its business.

const PING_EVERY = 25_000;
const ANSWER_WITHIN = 10_000;
const LONGEST_WAIT = 30_000;
const REFUSED = 1008;
// The server stops or restarts: another one, or the same, is there in a moment.
const RESTARTS = [1001, 1012];

export class Line {
  // hello(): the first frame. heard(frame): every frame. changed(state): "connecting" | "open" | "refused".
  constructor({ hello, heard, changed }) {
    this.hello = hello;
    this.heard = heard;
    this.changed = changed;
    this.tries = 0;
    this.socket = null;
    this.timers = new Set();
    window.addEventListener("online", () => this.now());
    document.addEventListener("visibilitychange", () => document.hidden || this.now());
  }

  // Connects at once, unless it is connected.
  now() {
    if (!this.socket && !this.refused) this.connect();
  }

  // After a refusal, when what was missing is there.
  retry() {
    this.refused = false;
    this.now();
  }

  // Drops the connection and makes a new one.
  again() {
    const socket = this.socket;
    this.socket = null;
    if (socket) socket.close();
    this.now();
  }

  send(frame) {
    if (this.socket && this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }

  connect() {
    this.clear();
    this.changed("connecting");
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = (this.socket = new WebSocket(`${scheme}://${location.host}/widget/ws`));
    this.expect(socket);
    socket.addEventListener("open", () => this.send(this.hello()));
    socket.addEventListener("message", (event) => socket === this.socket && this.take(event.data));
    socket.addEventListener("close", (event) => {
      if (socket !== this.socket) return;
      if (event.code === REFUSED) this.refuse();
      else this.lost(socket, RESTARTS.includes(event.code));
    });
  }

  take(data) {
    this.clear();
    this.after(PING_EVERY, () => this.ask());
    const frame = JSON.parse(data);
    if (frame.type === "welcome") {
      this.tries = 0;
      this.changed("open");
    }
    this.heard(frame);
  }

  ask() {
    this.send({ type: "ping" });
    this.expect(this.socket);
  }

  // Something must come within a while, or the connection is dead.
  expect(socket) {
    this.after(ANSWER_WITHIN, () => socket === this.socket && this.lost(socket));
  }

  lost(socket, restarts = false) {
    this.clear();
    this.socket = null;
    socket.close();
    this.changed("connecting");
    const wait = Math.min(LONGEST_WAIT, 1000 * 2 ** this.tries);
    // Half of the wait is chance, or all of it, so that a restarted server is not met by everybody at once.
    const least = restarts && !this.tries ? 0 : wait / 2;
    this.tries += 1;
    this.after(least + Math.random() * (wait - least), () => this.connect());
  }

  refuse() {
    this.clear();
    this.socket = null;
    this.refused = true;
    this.changed("refused");
  }

  after(wait, run) {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      run();
    }, wait);
    this.timers.add(timer);
  }

  clear() {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }
}

// --- messages the server has not acknowledged yet. They outlive a reload, go out one by one in their
// order, and always with the same id, so that the server stores each once.

const ACK_WITHIN = 15_000;
const TRY_AGAIN = { unavailable: 3000, too_fast: 2500 };

export class Outbox {
  // send(frame) puts it on the line; changed(item, state) shows "sending" | "sent" | "failed" | "gone";
  // silent() is called when no answer comes. An item may carry more to show than its frame.
  constructor(memory, { send, changed, silent }) {
    this.memory = memory;
    this.send = send;
    this.changed = changed;
    this.silent = silent;
    this.open = false;
    this.flying = null;
    this.timer = 0;
    this.items = memory
      .names("out:")
      .map((name) => readable(memory.get(name)))
      .filter(Boolean)
      .sort((one, other) => one.at - other.at);
  }

  add(frame, shown = {}) {
    const last = this.items.at(-1);
    const at = Math.max(Date.now(), last ? last.at + 1 : 0);
    const item = { ...shown, at, failed: "", frame: { ...frame, id: newId() } };
    this.items.push(item);
    this.keep(item);
    this.changed(item, "sending");
    this.flush();
  }

  // The line is up (or down): what flew must fly again.
  connected(open) {
    this.open = open;
    this.land();
    this.flush();
  }

  flush() {
    const item = this.items.find((waiting) => !waiting.failed);
    if (!this.open || this.flying || !item) return;
    this.flying = item;
    this.timer = setTimeout(() => this.silent(), ACK_WITHIN);
    this.send(item.frame);
  }

  // Stored for good.
  acknowledged(id) {
    const item = this.take(id);
    if (item) this.changed(item, "sent");
  }

  refused(id, code, text) {
    const item = this.items.find((waiting) => waiting.frame.id === id);
    if (!item) return;
    if (TRY_AGAIN[code]) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => {
        this.land();
        this.flush();
      }, TRY_AGAIN[code]);
      return;
    }
    item.failed = text;
    this.keep(item);
    this.changed(item, "failed");
    this.land();
    this.flush();
  }

  retry(item) {
    item.failed = "";
    this.keep(item);
    this.changed(item, "sending");
    this.flush();
  }

  discard(item) {
    this.take(item.frame.id);
    this.changed(item, "gone");
  }

  take(id) {
    const place = this.items.findIndex((waiting) => waiting.frame.id === id);
    if (place < 0) return null;
    const [item] = this.items.splice(place, 1);
    this.memory.remove(`out:${id}`);
    if (this.flying === item) this.land();
    this.flush();
    return item;
  }

  land() {
    clearTimeout(this.timer);
    this.flying = null;
  }

  keep(item) {
    this.memory.set(`out:${item.frame.id}`, JSON.stringify(item));
  }
}

function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  // Pages over plain http have no randomUUID.
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function readable(saved) {
  try {
    const item = JSON.parse(saved);
    return item && item.frame && typeof item.frame.id === "string" ? item : null;
  } catch {
    return null;
  }
}
