// The socket. It only says what to fetch again; whoever reconnects fetches everything anew.

const PING_EVERY = 25000;
const PONG_WITHIN = 10000;
const LONGEST_WAIT = 15000;
// The server stops or restarts: another one, or the same, is there in a moment.
const RESTARTS = [1001, 1012];

/** `on`: `hello()`, `missed()`, `changed(id)`, `typing(frame)`, `state(connected, seconds until the next try)`,
 *  `refused()` when a try failed before it was open. */
export class Live {
  constructor(on) {
    this.on = on;
    this.failures = 0;
    this.stopped = true;
    addEventListener("online", () => this.retryNow());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.retryNow());
  }

  get connected() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  start() {
    this.stopped = false;
    this.connect();
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.timer);
    this.socket?.close();
  }

  retryNow() {
    if (!this.stopped && !this.socket) this.connect();
  }

  connect() {
    clearTimeout(this.timer);
    const address = new URL("desk/ws", document.baseURI);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    address.hash = "";
    const socket = new WebSocket(address);
    this.socket = socket;
    let opened = false;
    socket.onmessage = (event) => {
      if (socket !== this.socket) return;
      opened = true;
      this.heard(JSON.parse(event.data));
    };
    socket.onclose = (event) => {
      if (socket !== this.socket) return;
      this.socket = null;
      clearInterval(this.pinging);
      clearTimeout(this.silence);
      if (this.stopped) return;
      this.failures += 1;
      // By chance, so that a restarted server is not met by everybody at once.
      const restarts = this.failures === 1 && RESTARTS.includes(event.code);
      const chance = restarts ? Math.random() : 0.75 + Math.random() / 2;
      const wait = Math.min(LONGEST_WAIT, 500 * 2 ** this.failures) * chance;
      this.on.state(false, Math.ceil(wait / 1000));
      this.timer = setTimeout(() => this.connect(), wait);
      if (!opened) this.on.refused();
    };
  }

  heard(frame) {
    clearTimeout(this.silence);
    if (frame.type === "hello") {
      this.failures = 0;
      clearInterval(this.pinging);
      this.pinging = setInterval(() => this.ping(), PING_EVERY);
      this.on.state(true, 0);
      this.on.hello();
    } else if (frame.type === "missed") this.on.missed();
    else if (frame.type === "changed") this.on.changed(frame.conversation);
    else if (frame.type === "typing") this.on.typing(frame);
  }

  ping() {
    if (!this.connected) return;
    this.socket.send('{"type":"ping"}');
    this.silence = setTimeout(() => this.socket?.close(), PONG_WITHIN);
  }
}
