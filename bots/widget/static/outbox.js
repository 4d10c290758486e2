// Messages the server has not acknowledged yet. They outlive a reload, go out one by one in their
// order, and always with the same id, so that the server stores each once.

const ACK_WITHIN = 15_000;
const TRY_AGAIN = { unavailable: 3000, too_fast: 2500 };

export class Outbox {
  // send(frame) puts it on the line; changed(item, state) shows "sending" | "sent" | "failed" | "gone";
  // silent() is called when no answer comes.
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

  add(frame) {
    const last = this.items.at(-1);
    const item = { at: Math.max(Date.now(), last ? last.at + 1 : 0), failed: "", frame: { ...frame, id: newId() } };
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
