// Building the page. What editors wrote enters it only as text: nothing here, or in these files, takes HTML.

const SVG = "http://www.w3.org/2000/svg";

export const by = (id) => document.getElementById(id);

/** An element; `props` are attributes, "on…" are listeners; children are nodes or strings. */
export function el(tag, props = {}, ...children) {
  return made(document.createElement(tag), props, children);
}

export function svg(tag, props = {}, ...children) {
  return made(document.createElementNS(SVG, tag), props, children);
}

function made(node, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

/** Where something stands in a file: a link into the editor, if the page knows the folder, and a button that copies it. */
export function place(folder, file, line, column, words) {
  const short = line ? `${file}:${line}` : file;
  const shown = folder && line
    ? el("a", { href: editor(folder, file, line, column), class: "place-link", title: words.open }, short)
    : el("code", {}, short);
  const copy = el("button", { class: "button small", type: "button", onclick: () => words.copy(`${file}:${line}:${column}`) }, words.copyLabel);
  copy.setAttribute("aria-label", `${words.copyLabel} ${short}`);
  return el("span", { class: "place" }, shown, line ? copy : null);
}

/** https://code.visualstudio.com/docs/editor/command-line#_opening-vs-code-with-urls */
function editor(folder, file, line, column) {
  const whole = `${folder}/${file}`.replaceAll("\\", "/").split("/").map(encodeURIComponent).join("/");
  return `vscode://file${whole.startsWith("/") ? "" : "/"}${whole}:${line}:${column}`;
}

export function keep(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // A forbidden storage costs the convenience and nothing else.
  }
}

export function kept(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}
