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
