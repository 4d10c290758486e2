// Requests. Every failure is a sentence that may be shown as it is.

import { uuid } from "./dom.js";
import { language, t } from "./words.js";

const root = new URL("api/v1/", document.baseURI);

export class Failed extends Error {
  /** `status` is 0 when nobody answered. */
  constructor(status, text) {
    super(text);
    this.status = status;
  }

  /** Whether the same request may succeed later. */
  get passing() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

let onLoggedOut = () => {};

export function whenLoggedOut(callback) {
  onLoggedOut = callback;
}

async function ask(method, path, body) {
  const headers = { "Accept-Language": language() };
  if (method !== "GET") headers["X-Estafeta"] = "1";
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(new URL(path, root), {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.timeout(15000),
    });
  } catch {
    throw new Failed(0, t("error.network"));
  }
  if (response.ok) return [200, 201].includes(response.status) ? response.json() : null;
  throw failed(response.status, await response.json().catch(() => null));
}

function failed(status, told) {
  if (status === 401) onLoggedOut();
  return new Failed(status, told?.error?.text || t("error.server", { status }));
}

const one = (id) => `conversations/${encodeURIComponent(id)}`;
const member = ({ desk, id }) => `team/${encodeURIComponent(desk)}/${encodeURIComponent(id)}`;
const line = (id, seq) => `${one(id)}/entries/${Number(seq)}`;

/** Sends a file; `onProgress` is told the share that has gone, 0 to 1. `stop` of the answer ends it. */
function upload(file, onProgress) {
  const request = new XMLHttpRequest();
  const done = new Promise((resolve, reject) => {
    const address = new URL("files", root);
    address.searchParams.set("name", file.name || "");
    request.open("POST", address);
    request.setRequestHeader("X-Estafeta", "1");
    request.setRequestHeader("Accept-Language", language());
    request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
    request.responseType = "json";
    request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    request.onload = () => (request.status === 201 ? resolve(request.response) : reject(failed(request.status, request.response)));
    request.onerror = () => reject(new Failed(0, t("error.network")));
    request.send(file);
  });
  return { done, stop: () => request.abort() };
}

/** Why a file cannot be had, as a sentence; "" when it can. */
async function whyNoFile(address) {
  const stop = new AbortController();
  try {
    const response = await fetch(address, {
      headers: { "Accept-Language": language() },
      credentials: "same-origin",
      signal: stop.signal,
    });
    if (response.ok) return "";
    return failed(response.status, await response.json().catch(() => null)).message;
  } catch {
    return t("error.network");
  } finally {
    stop.abort();
  }
}

export const api = {
  me: () => ask("GET", "me"),
  login: (code, name) => ask("POST", "login", { code, name }),
  logout: () => ask("POST", "logout"),
  conversations: () => ask("GET", "conversations?stage=queued,human,bot"),
  conversation: (id) => ask("GET", one(id)),
  newest: (id, limit) => ask("GET", `${one(id)}/entries?newest=1&limit=${limit}`),
  after: (id, seq, limit) => ask("GET", `${one(id)}/entries?after=${seq}&limit=${limit}`),
  say: (id, mode, message) => ask("POST", `${one(id)}/${mode}`, message),
  move: (id, move, details = {}) => ask("POST", `${one(id)}/move`, { id: uuid(), move, ...details }),
  undo: (id, message) => ask("POST", `${one(id)}/undo`, { id: uuid(), message }),
  tone: (id, text) => ask("POST", `${one(id)}/tone`, { text }),
  suggestions: (id) => ask("GET", `${one(id)}/suggestions`),
  intents: () => ask("GET", "intents"),
  correct: (id, seq, intent) => ask("POST", `${line(id, seq)}/intent`, { intent }),
  why: (id, seq) => ask("GET", `${line(id, seq)}/why`),
  ready: (id) => ask("GET", `${one(id)}/replies`),
  find: (id, text, before) => ask("GET", `${one(id)}/find?text=${encodeURIComponent(text)}&before=${Number(before)}`),
  history: (id) => ask("GET", `${one(id)}/history`),
  team: () => ask("GET", "team"),
  presence: (presence, minutes = null) => ask("POST", "presence", { presence, minutes }),
  changeMember: (one_, fields) => ask("POST", member(one_), fields),
  removeMember: (one_, why) => ask("POST", `${member(one_)}/remove`, { why }),
  memberLink: (one_) => ask("POST", `${member(one_)}/link`, {}),
  invite: (fields) => ask("POST", "invitations", fields),
  close: (skill, until) => ask("POST", "closures", { skill, until }),
  reopen: (skill) => ask("POST", "closures/end", { skill }),
  report: (kind, since, until) =>
    ask("GET", `reports/${encodeURIComponent(kind)}?since=${encodeURIComponent(since)}&until=${encodeURIComponent(until)}`),
  audit: () => ask("GET", "audit"),
  typing: (id) => ask("POST", `${one(id)}/typing`),
  edit: (id, seq, message) => ask("POST", `${line(id, seq)}/edit`, message),
  remove: (id, seq) => ask("POST", `${line(id, seq)}/delete`, { id: uuid() }),
  react: (id, seq, emoji) => ask("POST", `${line(id, seq)}/react`, { id: uuid(), emoji }),
  templates: (id) => ask("GET", `${one(id)}/templates`),
  undelivered: () => ask("GET", "undelivered"),
  moveUndelivered: (item, conversation, move) =>
    ask("POST", `undelivered/${encodeURIComponent(item)}`, { id: uuid(), conversation, move }),
  fileAddress: (id, seq, number) => new URL(`${line(id, seq)}/files/${Number(number)}`, root).href,
  whyNoFile,
  upload,
  replies: () => ask("GET", "replies"),
};
