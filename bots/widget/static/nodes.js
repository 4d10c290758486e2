// The page's small parts: what the server told it of the configuration, nodes, and text drawn as nodes. Every word is
// put in as text: what is marked is drawn so, http and https addresses become links, the rest stays text.

export const config = JSON.parse(document.documentElement.dataset.config);

export const byId = (id) => document.getElementById(id);

export function element(name, className, text = "") {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}

export function button(className, text, run) {
  const node = element("button", className, text);
  node.type = "button";
  node.addEventListener("click", run);
  return node;
}

// Words of people: their direction is their own, whatever the page's is.
export function words(name, className, text) {
  const node = element(name, className, text);
  node.dir = "auto";
  return node;
}

export function glyph(name) {
  return byId(`glyph-${name}`).content.cloneNode(true);
}

// A link out of the chat, or null for an address that is no such link.
export function anchor(address, className) {
  let url;
  try {
    url = new URL(address);
  } catch {
    return null;
  }
  if (!["https:", "http:", "mailto:", "tel:"].includes(url.protocol)) return null;
  const link = element("a", className);
  link.href = url.href;
  link.rel = "noopener noreferrer";
  link.target = "_blank";
  return link;
}

// --- text

const TAGS = { bold: "strong", italic: "em", strike: "s", code: "code" };
const ADDRESS = /https?:\/\/[^\s<>"']+/gi;

// Marks are [kind, start, end, url], sorted, nested; what is not so is left out.
export function drawn(text, marks = []) {
  return between(text, 0, text.length, marks, true);
}

function between(text, from, to, marks, links) {
  const fragment = document.createDocumentFragment();
  const plain = (piece) => fragment.append(links ? linked(piece) : piece);
  let at = from;
  for (let n = 0; n < marks.length; n += 1) {
    const [kind, start, end, url] = marks[n];
    const node = kind === "link" ? links && anchor(url) : TAGS[kind] && element(TAGS[kind]);
    if (!node || start < at || end > to || start >= end) continue;
    const inner = [];
    while (n + 1 < marks.length && marks[n + 1][1] < end) inner.push(marks[(n += 1)]);
    plain(text.slice(at, start));
    node.append(between(text, start, end, inner, links && kind !== "link" && kind !== "code"));
    fragment.append(node);
    at = end;
  }
  plain(text.slice(at, to));
  return fragment;
}

function linked(text) {
  const fragment = document.createDocumentFragment();
  let from = 0;
  for (const found of text.matchAll(ADDRESS)) {
    const address = trimmed(found[0]);
    const link = anchor(address);
    if (!link) continue;
    link.textContent = address;
    fragment.append(text.slice(from, found.index), link);
    from = found.index + address.length;
  }
  fragment.append(text.slice(from));
  return fragment;
}

// The full stop of a sentence and a bracket opened before the address are not part of it.
function trimmed(address) {
  let end = address.length;
  while (end > 0) {
    const last = address[end - 1];
    const body = address.slice(0, end);
    const unopened = last === ")" && body.split("(").length < body.split(")").length;
    if (!unopened && !".,;:!?…»”]}*_".includes(last)) break;
    end -= 1;
  }
  return address.slice(0, end);
}
