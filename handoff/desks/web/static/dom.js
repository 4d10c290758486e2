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

/** Asks; resolves to the id of the chosen button, or "" when the dialog was dismissed. */
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
    made.at(-1).focus();
  });
}

/** A sentence that stays for a while; the same one is not shown twice at once. */
export function toast(text, kind = "error") {
  const box = by("toasts");
  if ([...box.children].some((item) => item.firstChild.textContent === text)) return;
  const item = el("div", { class: `toast ${kind}` }, el("span", {}, text));
  item.append(el("button", { class: "icon-button", type: "button", "aria-label": "×", onclick: () => item.remove() }, "×"));
  box.append(item);
  setTimeout(() => item.remove(), 9000);
}
