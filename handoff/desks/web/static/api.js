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
  if (response.ok) return response.status === 200 ? response.json() : null;
  const told = await response.json().catch(() => null);
  if (response.status === 401) onLoggedOut();
  throw new Failed(response.status, told?.error?.text || t("error.server", { status: response.status }));
}

const one = (id) => `conversations/${encodeURIComponent(id)}`;

export const api = {
  me: () => ask("GET", "me"),
  login: (code, name) => ask("POST", "login", { code, name }),
  logout: () => ask("POST", "logout"),
  conversations: () => ask("GET", "conversations?stage=queued,human,bot"),
  conversation: (id) => ask("GET", one(id)),
  newest: (id, limit) => ask("GET", `${one(id)}/entries?newest=1&limit=${limit}`),
  after: (id, seq, limit) => ask("GET", `${one(id)}/entries?after=${seq}&limit=${limit}`),
  say: (id, mode, message) => ask("POST", `${one(id)}/${mode}`, message),
  move: (id, move) => ask("POST", `${one(id)}/move`, { id: uuid(), move }),
  typing: (id) => ask("POST", `${one(id)}/typing`),
  replies: () => ask("GET", "replies"),
};
