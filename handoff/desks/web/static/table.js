// A table of words and numbers; on a phone it scrolls by itself and not the page.

import { el } from "./dom.js";

/** `columns`: `{title, of(row), number}`; `of` returns a node or a string. */
export function table(caption, columns, rows, none) {
  if (!rows.length) return el("section", { class: "floor-part" }, el("h2", {}, caption), el("p", { class: "muted" }, none));
  const head = el("tr", {}, ...columns.map((column) => el("th", { scope: "col", class: column.number ? "number" : "" }, column.title)));
  const body = rows.map((row) =>
    el(
      "tr",
      {},
      ...columns.map((column, index) => {
        const content = column.of(row);
        const inside = content === null || content === undefined ? "–" : content;
        return el(index ? "td" : "th", { scope: index ? false : "row", class: column.number ? "number" : "" }, ...[inside].flat());
      }),
    ),
  );
  return el(
    "section",
    { class: "floor-part" },
    el("h2", {}, caption),
    el("div", { class: "table-frame", tabindex: "0", role: "group", "aria-label": caption }, el("table", {}, el("thead", {}, head), el("tbody", {}, ...body))),
  );
}
