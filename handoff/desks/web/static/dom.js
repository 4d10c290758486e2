// Building the page. Text enters it only as text: nothing here, or anywhere in these files, takes HTML.

export const by = (id) => document.getElementById(id);

/** An element; `props` are attributes, "on…" are listeners; children are nodes or strings. */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

/** Text whose direction must not disturb what stands around it. */
export const bdi = (text, props = {}) => el("bdi", props, text);

const URLS = /https?:\/\/[^\s<>"'«»]+/gi;
const TAIL = /[.,;:!?)\]}…]+$/;

/** A text with its http(s) addresses as links, and nothing else changed. */
export function linked(text) {
  const pieces = [];
  let from = 0;
  for (const match of text.matchAll(URLS)) {
    const shown = match[0].replace(TAIL, "");
    const address = safeAddress(shown);
    if (!address) continue;
    pieces.push(text.slice(from, match.index));
    pieces.push(el("a", { href: address, target: "_blank", rel: "noopener noreferrer nofollow" }, shown));
    from = match.index + shown.length;
  }
  pieces.push(text.slice(from));
  return pieces.filter((piece) => piece !== "");
}

function safeAddress(shown) {
  try {
    const url = new URL(shown);
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : "";
  } catch {
    return "";
  }
}

/** Puts a value in local or session storage, if the browser lets us. */
export function keep(storage, key, value) {
  try {
    if (value === null || value === undefined) storage.removeItem(key);
    else storage.setItem(key, JSON.stringify(value));
  } catch {
    // A full or forbidden storage costs the convenience and nothing else.
  }
}

export function kept(storage, key, otherwise) {
  try {
    return JSON.parse(storage.getItem(key)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

/** A random UUID. `crypto.randomUUID` is missing where the desk is opened by plain http from another
 *  machine: https://developer.mozilla.org/en-US/docs/Web/API/Crypto/randomUUID */
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Asks; resolves to the id of the chosen button, or "" when the dialog was dismissed. The first button
 *  has the focus and must be the harmless one: an Enter too many must not send anything. */
export function choose(text, buttons) {
  const dialog = by("confirm");
  by("confirm-text").textContent = text;
  return new Promise((resolve) => {
    const made = buttons.map(({ id, label, kind = "" }) =>
      el("button", { type: "button", class: `button ${kind}`, onclick: () => dialog.close(id) }, label),
    );
    by("confirm-buttons").replaceChildren(...made);
    dialog.returnValue = "";
    dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true });
    dialog.showModal();
    made[0].focus();
  });
}

/** A sentence that stays for a while; the same one is not shown twice at once. `action`: a button's `label`, and where
 *  it will `go`. */
export function toast(text, kind = "error", action = null) {
  const box = by("toasts");
  if ([...box.children].some((item) => item.firstChild.textContent === text)) return;
  const item = el("div", { class: `toast ${kind}` }, el("span", { dir: "auto" }, text));
  const follow = () => (item.remove(), action.go());
  if (action) item.append(el("button", { class: "button", type: "button", onclick: follow }, action.label));
  item.append(el("button", { class: "icon-button", type: "button", "aria-label": "×", onclick: () => item.remove() }, "×"));
  box.append(item);
  setTimeout(() => item.remove(), action ? 30000 : 9000);
}
