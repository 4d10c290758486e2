// Texts with marks (bold, italic, strike, code, link) as elements. The text itself is never read as markup.

import { el, linked } from "./dom.js";

const TAGS = { bold: "strong", italic: "em", strike: "s", code: "code" };
const SCHEMES = ["http:", "https:", "mailto:", "tel:"];

/** `marks` count code points, are sorted by their start and nest. */
export function marked(text, marks = []) {
  const points = Array.from(text);
  const sound = marks.filter((mark) => mark.start >= 0 && mark.start < mark.end && mark.end <= points.length);
  return range(points, 0, points.length, sound, true);
}

/** `links`: addresses in plain words become links too; inside of a link or of code they do not. */
function range(points, from, to, marks, links) {
  const nodes = [];
  const plain = (start, end) => {
    const words = points.slice(start, end).join("");
    if (words) nodes.push(...(links ? linked(words) : [words]));
  };
  let at = from;
  for (let index = 0; index < marks.length; ) {
    const mark = marks[index];
    const inner = [];
    for (index += 1; index < marks.length && marks[index].start < mark.end; index += 1) {
      inner.push({ ...marks[index], end: Math.min(marks[index].end, mark.end) });
    }
    plain(at, mark.start);
    nodes.push(drawn(mark, range(points, mark.start, mark.end, inner, links && mark.kind !== "link" && mark.kind !== "code")));
    at = mark.end;
  }
  plain(at, to);
  return nodes;
}

function drawn(mark, children) {
  if (mark.kind !== "link") return el(TAGS[mark.kind] ?? "span", {}, ...children);
  const address = safeLink(mark.url);
  if (!address) return el("span", {}, ...children);
  return el("a", { href: address, title: address, target: "_blank", rel: "noopener noreferrer nofollow" }, ...children);
}

/** The address if a link may lead there, else "". */
export function safeLink(given) {
  try {
    const url = new URL(given);
    return SCHEMES.includes(url.protocol) ? url.href : "";
  } catch {
    return "";
  }
}
