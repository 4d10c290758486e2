// What the operator sent and the server has not taken yet. Kept over a reload, tried again with the
// same id, in order. What is older than ten minutes is not sent behind the operator's back.

import { api } from "./api.js";
import { keep, kept, uuid } from "./dom.js";

const FRESH = 10 * 60 * 1000;
const WAITS = [1000, 2000, 5000, 10000, 15000];

let key = "";
let items = [];
const recent = new Set();
let busy = false;
let failures = 0;
let timer = 0;
let onChange = () => {};
let onSent = () => {};

const save = () => {
  keep(localStorage, key, items);
  onChange();
};

export const unsent = {
  /** Loads what this operator left. `changed` is called whenever `of()` may answer anew. */
  open(operator, changed, sent) {
    onSent = sent;
    key = `estafeta.desk.unsent.${operator}`;
    onChange = changed;
    items = kept(localStorage, key, []).filter((item) => item && typeof item.text === "string");
    // What the server took is in the timeline soon; until then it may still turn out that it was not sent.
    items = items.filter((item) => item.state !== "accepted" || Date.now() - item.at < FRESH);
    for (const item of items) {
      if (["failed", "conflict", "accepted"].includes(item.state)) continue;
      item.state = Date.now() - item.at > FRESH ? "stale" : "waiting";
    }
    run();
  },

  /** Of one conversation, oldest first. */
  of: (conversation) => items.filter((item) => item.conversation === conversation),

  /** `mode`: reply, note or template. `more`: the `files` that were uploaded, `reply_to`, the `template`. */
  add(conversation, mode, text, more = {}) {
    const id = uuid();
    recent.add(id);
    items.push({ ...more, id, conversation, mode, text, at: Date.now(), state: "waiting", says: "" });
    save();
    run();
    return id;
  },

  /** Whether a message is of this page: for a while the ids of all that it sent are known. */
  mine: (id) => recent.has(id),

  retry(id) {
    const item = items.find((other) => other.id === id);
    if (!item) return;
    item.state = "waiting";
    item.at = Date.now();
    failures = 0;
    save();
    run();
  },

  drop(id) {
    items = items.filter((item) => item.id !== id);
    save();
  },

  /** The timeline says that it was not sent after all, and why. */
  refused(conversation, id, why) {
    const item = items.find((other) => other.conversation === conversation && id.includes(other.id));
    if (!item) return;
    item.state = "failed";
    item.says = why;
    save();
  },

  /** A colleague has the conversation: it was not sent, and its words are kept until somebody decides. */
  conflict(conversation, id, name) {
    const item = items.find((other) => other.conversation === conversation && other.id === id);
    if (!item || item.state === "conflict") return;
    item.state = "conflict";
    item.says = name;
    save();
  },

  /** Sends it after all, under a new id, or as a note. */
  again(id, mode = null) {
    const item = items.find((other) => other.id === id);
    if (!item) return;
    items = items.filter((other) => other !== item);
    this.add(item.conversation, mode ?? item.mode, item.text, { ...item, sure: true });
  },

  /** The timeline has them now. `ids` are entries' ids, which hold the message's. */
  arrived(conversation, ids) {
    const before = items.length;
    items = items.filter((item) => item.conversation !== conversation || !ids.some((id) => id.includes(item.id)));
    if (items.length !== before) save();
  },

  kick: () => {
    failures = 0;
    run();
  },

  forget() {
    clearTimeout(timer);
    items = [];
    keep(localStorage, key, null);
  },
};

function bodyOf(item) {
  if (item.mode === "note") return { id: item.id, text: item.text };
  if (item.mode === "template") return { id: item.id, ...item.template };
  const files = (item.files ?? []).map((file) => file.file);
  return { id: item.id, text: item.text, files, reply_to: item.reply_to ?? null, sure: Boolean(item.sure) };
}

async function run() {
  clearTimeout(timer);
  if (busy) return;
  busy = true;
  for (;;) {
    const item = items.find((other) => other.state === "waiting");
    if (!item) break;
    try {
      await api.say(item.conversation, item.mode, bodyOf(item));
      item.state = "accepted";
      onSent(item);
      failures = 0;
    } catch (error) {
      if (error.status === 401) break;
      if (error.passing) {
        item.says = error.message;
        timer = setTimeout(run, WAITS[Math.min(failures++, WAITS.length - 1)]);
        save();
        break;
      }
      item.state = "failed";
      item.says = error.message;
    }
    save();
  }
  busy = false;
}
