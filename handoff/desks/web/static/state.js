// What the page knows, and who wants to hear when it changes.

import { language, spoken } from "./words.js";

const listeners = new Map();

/** A skill's title in the page's language, or its name. */
export const skill = (name) => state.me?.skills[name]?.[language()] || spoken(name);

export const skillNames = () => Object.keys(state.me?.skills ?? {});

/** Whether who looks leads others. */
export const leads = () => ["supervisor", "admin"].includes(state.me?.role);

export const state = {
  me: null,
  /** Conversation id to row. */
  rows: new Map(),
  loaded: false,
  /** The open conversation's id, "" for none. */
  open: "",
  card: null,
  /** What may be done on its channel, or null; and when that was told, by this machine's clock. */
  can: null,
  canAt: 0,
  /** Its messages that could not be delivered: an entry's seq to the outbox item. */
  waiting: new Map(),
  /** Its timeline, ascending. */
  entries: [],
  gone: false,
  /** Own words that were not sent, for a colleague has the conversation: the message's id to their name. */
  conflicts: new Map(),
};

export function on(name, callback) {
  listeners.set(name, [...(listeners.get(name) ?? []), callback]);
}

export function emit(name, ...values) {
  for (const callback of listeners.get(name) ?? []) callback(...values);
}

/** "queued", "mine", "people" or "bot": whose a conversation is, for the one who looks. */
export function belongs(row) {
  return row.stage === "human" ? (row.mine ? "mine" : "people") : row.stage;
}

export const openRow = () => state.rows.get(state.open) ?? null;

/** Until when one may write freely by this machine's clock; null: always. */
export const closesAt = () => (state.can?.window ? state.canAt + state.can.window.left * 1000 : null);

export const windowClosed = () => closesAt() !== null && Date.now() >= closesAt();
