// What the operator sent and the server has not taken yet. Kept over a reload, tried again with the
// same id, in order. What is older than ten minutes is not sent behind the operator's back.

import { api } from "./api.js";
import { keep, kept, uuid } from "./dom.js";

const FRESH = 10 * 60 * 1000;
const WAITS = [1000, 2000, 5000, 10000, 15000];

let key = "";
let items = [];
let busy = false;
let failures = 0;
let timer = 0;
let onChange = () => {};

const save = () => {
  keep(localStorage, key, items.filter((item) => item.state !== "accepted"));
  onChange();
};

export const unsent = {
  /** Loads what this operator left. `changed` is called whenever `of()` may answer anew. */
  open(operator, changed) {
    key = `estafeta.desk.unsent.${operator}`;
    onChange = changed;
    items = kept(localStorage, key, []).filter((item) => item && typeof item.text === "string");
    for (const item of items) {
      if (Date.now() - item.at > FRESH) item.state = "stale";
      else if (item.state !== "failed") item.state = "waiting";
    }
    run();
  },

  /** Of one conversation, oldest first. */
  of: (conversation) => items.filter((item) => item.conversation === conversation),

  /** `mode`: reply, note or template. `more`: the `files` that were uploaded, `reply_to`, the `template`. */
  add(conversation, mode, text, more = {}) {
    items.push({ ...more, id: uuid(), conversation, mode, text, at: Date.now(), state: "waiting", says: "" });
    save();
    run();
  },

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
  return { id: item.id, text: item.text, files: (item.files ?? []).map((file) => file.file), reply_to: item.reply_to ?? null };
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
