// The page: which flow and step are open (the address says it), the list, reloading when files change.

import { by, el, keep, kept, place } from "./dom.js";
import { draw, walk, zoomed } from "./picture.js";
import { finding, show } from "./step.js";
import { speak, spoken, t } from "./words.js";

const LOOK = 1000; // milliseconds between two looks at the version
const ZOOMS = [0.3, 0.4, 0.5, 0.65, 0.8, 1, 1.25, 1.5, 2];

const now = { workspace: null, flow: null, step: "", language: "", zoom: Number(kept("zoom")) || 1, asked: 0 };

// --- what is there

async function fetched(name) {
  const answer = await fetch(`data/${name}.json`, { cache: "no-store" });
  if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
  return answer.json();
}

async function load() {
  now.workspace = await fetched("workspace");
  const { languages } = now.workspace;
  if (!languages.includes(now.language)) now.language = [kept("language"), spoken()].find((one) => languages.includes(one)) ?? languages[0] ?? "";
  frame();
  list();
  await go();
}

/** Opens what the address names. Of two that overlap the later one is shown. */
async function go() {
  const asked = (now.asked += 1);
  const at = new URLSearchParams(location.hash.slice(1));
  const name = at.get("flow") ?? "";
  const { workspace } = now;
  by("step").hidden = true;
  document.body.dataset.pane = name || at.has("findings") || !workspace.sound ? "main" : "list";
  if (!workspace.sound || at.has("findings")) return findings();
  const listed = workspace.flows.find((one) => one.name === name);
  marked(name);
  if (!listed) return nothing(name);
  let { flow } = now;
  try {
    if (flow?.name !== name || flow.version !== workspace.version) flow = await fetched(`flows/${encodeURIComponent(name)}`);
  } catch (error) {
    return asked === now.asked && told("line", t("failed", error.message));
  }
  if (asked !== now.asked) return;
  if (flow.version !== workspace.version) return load();
  told("line", "");
  const same = now.flow?.name === flow.name;
  now.flow = flow;
  now.step = flow.nodes.some((node) => node.id === at.get("step") && node.kind !== "over") ? at.get("step") : "";
  only("flow");
  paint(same);
}

function only(id) {
  for (const one of ["empty", "findings", "flow"]) by(one).hidden = one !== id;
  if (id !== "flow") now.flow = null;
}

function nothing(name) {
  only("empty");
  const none = !now.workspace.flows.length;
  by("empty-title").textContent = name ? t("gone", name) : none ? t("flows") : t("choose");
  by("empty-text").textContent = name ? t("gone.about") : none ? t("flows.none") : t("choose.about");
}

function findings() {
  only("findings");
  marked("");
  const { workspace } = now;
  by("findings-title").textContent = workspace.sound ? t("findings") : t("broken");
  by("findings-about").textContent = workspace.sound ? t("findings.about") : t("broken.about");
  by("findings-list").replaceChildren(...workspace.findings.map((item) => el("li", {}, finding(item, context()))));
}

// --- the flow

const listed = () => now.workspace.flows.find((one) => one.name === now.flow?.name);

function context() {
  const flow = listed();
  return {
    workspace: now.workspace, language: now.language, ways: flow?.ways ?? [], public: flow?.public ?? false,
    step: now.step, zoom: now.zoom, pick, copy,
  };
}

/** Draws the open flow. The same one stays where it was scrolled to; another begins at its start. */
function paint(same) {
  const { flow } = now;
  const view = by("view");
  const focused = document.activeElement?.dataset?.id;
  const [left, top] = [view.scrollLeft, view.scrollTop];
  const about = listed();
  by("flow-title").textContent = flow.name;
  by("flow-about").textContent = [about.title[now.language], t("steps", about.steps), about.public ? t("public") : ""].filter(Boolean).join(" · ");
  by("flow-place").replaceChildren(place(now.workspace.folder, flow.file, 1, 1, { open: t("open"), copyLabel: t("copy"), copy }));
  document.title = `${flow.name} — ${now.workspace.title}`;
  draw(view, flow, context());
  detail();
  if (same) [view.scrollLeft, view.scrollTop] = [left, top];
  else begin();
  if (focused) node(focused)?.focus({ preventScroll: true });
}

const node = (id) => [...by("view").querySelectorAll(".node-main")].find((one) => one.dataset.id === id);

function begin() {
  const view = by("view");
  const start = node(now.step || "start")?.parentElement;
  if (!start || !now.flow.size) return;
  view.scrollTo({
    left: (start.offsetLeft + start.offsetWidth / 2) * now.zoom - view.clientWidth / 2,
    top: now.step ? start.offsetTop * now.zoom - view.clientHeight / 3 : 0,
  });
}

function detail() {
  const found = now.flow.nodes.find((one) => one.id === now.step);
  by("step").hidden = !found;
  if (found) show(now.flow, found, context());
}

function pick(id) {
  address({ flow: now.flow.name, step: id === now.step ? "" : id });
}

function address(parts) {
  const filled = Object.entries(parts).filter(([, value]) => value);
  location.hash = new URLSearchParams(filled).toString();
}

function zoomTo(zoom) {
  const view = by("view");
  const ratio = zoom / now.zoom;
  const [x, y] = [(view.scrollLeft + view.clientWidth / 2) * ratio, (view.scrollTop + view.clientHeight / 2) * ratio];
  now.zoom = zoom;
  keep("zoom", String(zoom));
  zoomed(view, now.flow, zoom);
  view.scrollTo(x - view.clientWidth / 2, y - view.clientHeight / 2);
}

function fit() {
  if (!now.flow?.size) return;
  const view = by("view");
  zoomTo(Math.max(0.2, Math.min(1, view.clientWidth / now.flow.size[0], view.clientHeight / now.flow.size[1])));
}

function nextZoom(way) {
  const sizes = way > 0 ? ZOOMS : [...ZOOMS].reverse();
  const next = sizes.find((one) => (one - now.zoom) * way > 0.001);
  if (next && now.flow) zoomTo(next);
}

// --- the list

function frame() {
  const { workspace } = now;
  document.documentElement.lang = spoken();
  document.title = `${workspace.title} — Estafeta`;
  by("title").textContent = workspace.title;
  for (const node of document.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  for (const node of document.querySelectorAll("[data-label]")) {
    node.setAttribute("aria-label", t(node.dataset.label));
    if (node.tagName === "BUTTON") node.title = t(node.dataset.label);
  }
  by("search").placeholder = t("search.hint");
  by("back").setAttribute("aria-label", t("back"));
  by("tongue").textContent = t("other");
  by("tongue").lang = t("other.code");
  by("language").replaceChildren(...workspace.languages.map((one) => el("option", { value: one, selected: one === now.language }, one)));
  by("findings-open").hidden = !workspace.findings.length || !workspace.sound;
  by("findings-open").textContent = t("findings.open", workspace.findings.length);
}

function list() {
  const wanted = by("search").value.trim().toLocaleLowerCase();
  const found = now.workspace.flows.filter((flow) =>
    [flow.name, ...Object.values(flow.title), ...flow.ways.map((way) => way.value)].some((text) => text.toLocaleLowerCase().includes(wanted)),
  );
  by("flows").replaceChildren(...found.map((flow) => el("li", {}, entry(flow))));
  by("flows-none").hidden = found.length > 0 || !now.workspace.sound;
  by("flows-none").textContent = now.workspace.flows.length ? t("flows.unfound") : t("flows.none");
  marked(now.flow?.name ?? "");
}

function entry(flow) {
  const found = flow.findings ? t("findings.open", flow.findings) : "";
  return el("a", { href: `#flow=${encodeURIComponent(flow.name)}`, "data-flow": flow.name },
    el("span", { class: "entry-name" }, flow.name),
    flow.title[now.language] ? el("span", { class: "entry-title soft", dir: "auto" }, flow.title[now.language]) : null,
    found ? el("span", { class: "badge", role: "img", "aria-label": found, title: found }, `⚠ ${flow.findings}`) : null);
}

function marked(name) {
  for (const link of by("flows").querySelectorAll("a")) {
    if (link.dataset.flow === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

// --- around

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    told("said", t("copied", text));
  } catch {
    told("line", t("uncopied", text));
  }
}

function told(id, text) {
  by(id).hidden = !text;
  by(id).textContent = text;
}

/** Looks whether files changed; a look that fails says so until one succeeds. A page that was written to a folder stays. */
async function look() {
  if (now.workspace && (document.hidden || !now.workspace.folder)) return;
  try {
    const { version } = await fetched("version");
    if (by("line").textContent === t("stopped")) told("line", "");
    if (version !== now.workspace?.version) await load();
  } catch {
    told("line", t("stopped"));
  }
}

function pressed(event) {
  if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement?.tagName ?? "")) {
    event.preventDefault();
    by("search").focus();
  } else if (event.key === "Escape" && now.step) {
    const id = now.step;
    address({ flow: now.flow.name });
    node(id)?.focus();
  } else if (now.flow && !by("flow").hidden) {
    walk(by("view"), event);
  }
}

function wire() {
  window.addEventListener("hashchange", () => now.workspace && go());
  document.addEventListener("keydown", pressed);
  by("search").addEventListener("input", list);
  by("search").addEventListener("keydown", (event) => {
    if (event.key === "Enter") by("flows").querySelector("a")?.click();
  });
  by("language").addEventListener("change", (event) => {
    now.language = event.target.value;
    keep("language", now.language);
    list();
    if (now.flow) paint(true);
  });
  by("tongue").addEventListener("click", () => {
    speak(spoken() === "en" ? "ru" : "en");
    frame();
    list();
    if (now.flow) paint(true);
    else go();
  });
  by("findings-open").addEventListener("click", () => (location.hash = "findings="));
  by("back").addEventListener("click", () => (location.hash = ""));
  by("step-close").addEventListener("click", () => address({ flow: now.flow.name }));
  by("zoom-in").addEventListener("click", () => nextZoom(1));
  by("zoom-out").addEventListener("click", () => nextZoom(-1));
  by("zoom-same").addEventListener("click", () => now.flow && zoomTo(1));
  by("zoom-fit").addEventListener("click", fit);
  by("view").addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    nextZoom(event.deltaY < 0 ? 1 : -1);
  }, { passive: false });
}

wire();
await look();
setInterval(look, LOOK);
