// The flow as a picture: boxes that can be pressed, over lines drawn as SVG. Where all of it stands, the server has said.

import { el, svg } from "./dom.js";
import { span, t } from "./words.js";

const ROUND = 8;
const BAD = new Set(["unanswered", "failed", "late"]);

/** What a node is called: what it does, and with what. */
export function titled(node, flow) {
  const kinds = { choose: "choose.step", flow: "flow.step" };
  const kind = t(kinds[node.kind] ?? node.kind);
  if (node.kind === "goto") {
    const edge = flow.edges.find((one) => one.source === node.id);
    const target = flow.nodes.find((one) => one.id === edge?.target);
    return [kind, target ? target.name || titled(target, flow)[0] : ""];
  }
  return [kind, node.flow || node.name];
}

/** Draws the flow into `view`. `at` has the workspace, the language of texts, the ways into the flow, the chosen step, the
 *  zoom, and `pick`, which is called with the step that was pressed. */
export function draw(view, flow, at) {
  const nodes = flow.nodes.map((node) => box(node, flow, at));
  if (!flow.size) {
    view.replaceChildren(el("p", { class: "soft large" }, t("large")), el("div", { class: "column" }, nodes));
    return;
  }
  const [width, height] = flow.size;
  const lines = svg("svg", { class: "lines", width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
  lines.append(svg("defs", {}, arrow("plain"), arrow("bad"), arrow("near")));
  for (const edge of flow.edges) lines.append(line(edge, at));
  const scene = el("div", { class: "scene" }, lines, flow.edges.map((edge) => label(edge, at)), nodes);
  const room = el("div", { class: "room" }, scene);
  view.replaceChildren(room);
  size(scene, width, height);
  zoomed(view, flow, at.zoom);
}

export function zoomed(view, flow, zoom) {
  const room = view.querySelector(".room");
  if (!room || !flow.size) return;
  room.firstChild.style.transform = `scale(${zoom})`;
  size(room, flow.size[0] * zoom, flow.size[1] * zoom);
}

function size(node, width, height) {
  node.style.width = `${width}px`;
  node.style.height = `${height}px`;
}

// --- boxes

function box(node, flow, at) {
  const findings = flow.findings[node.id] ?? [];
  const classes = ["node", `kind-${node.kind}`, node.written ? "" : "unwritten", findings.length ? "warning" : "", at.step === node.id ? "chosen" : ""];
  const outer = el("div", { class: classes.filter(Boolean).join(" ") });
  if (node.box) {
    const [left, top, width, height] = node.box;
    outer.style.left = `${left}px`;
    outer.style.top = `${top}px`;
    size(outer, width, height);
  }
  if (node.kind === "over") {
    outer.append(el("span", { role: "img", "aria-label": t("over"), title: t("over"), class: "dot" }));
    return outer;
  }
  const [kind, name] = titled(node, flow);
  const main = el("button", {
    type: "button", class: "node-main", "data-id": node.id, "aria-pressed": String(at.step === node.id), onclick: () => at.pick(node.id),
  });
  main.append(
    el("span", { class: "node-head" },
      el("span", { class: "node-kind" }, kind), el("b", {}, name),
      findings.length ? el("span", { class: "node-found", title: findings.map((item) => item.what).join("\n") }, `⚠ ${findings.length}`) : null,
      node.written ? el("span", { class: "node-line" }, String(node.line)) : null),
    ...inside(node, at),
  );
  outer.append(main);
  if (node.kind === "flow") outer.append(el("a", { class: "node-go", href: `#flow=${encodeURIComponent(node.flow)}`, title: t("go", node.flow), "aria-label": t("go", node.flow) }, "↗"));
  return outer;
}

/** What stands below a node's title. */
function inside(node, at) {
  const rows = (texts) => texts.map((text) => el("span", { class: "node-row" }, text));
  const words = node.text?.[at.language];
  const facts = node.facts;
  switch (node.kind) {
    case "start": return rows(begun(at.ways).slice(0, 4));
    case "say": case "ask": case "menu":
      return [
        el("span", { class: "node-text", dir: "auto" }, words),
        node.buttons.length && node.kind !== "menu" ? el("span", { class: "node-buttons" }, node.buttons.map((button) => el("span", { class: "chip" }, button[at.language]))) : null,
      ].filter(Boolean);
    case "handoff": return [...rows([skill(facts.skill, at)]), words ? el("span", { class: "node-text two", dir: "auto" }, words) : ""].filter(Boolean);
    case "call": return rows([[Object.keys(facts.with).join(", "), facts.save].filter(Boolean).join(" → ")].filter(Boolean));
    case "set": case "remember": return rows(Object.entries(facts.values).slice(0, 3).map(([name, value]) => `${name} = ${plain(value)}`));
    case "wait": return rows([[facts.event, facts.until ? `${t("f.until")} ${plain(facts.until)}` : facts.seconds ? span(facts.seconds) : ""].filter(Boolean).join(", ")]);
    case "forget": case "tag": case "untag": return rows([facts.names.join(", ") || t("all")]);
    default: return [];
  }
}

/** The ways into a flow in words; those from other flows last. */
export function begun(ways) {
  const own = ways.filter((way) => way.kind !== "run" && way.kind !== "press");
  const told = (own.length ? own : ways).map((way) => `${t(`w.${way.kind}`)} ${way.value}`.trim());
  return told.length ? told : [t("nowhere")];
}

export const skill = (name, at) => (name ? at.workspace.skills[name]?.[at.language] ?? name : t("first"));

export const plain = (value) => (typeof value === "string" ? value : JSON.stringify(value));

// --- lines

const look = (edge, at) => {
  const bad = edge.ways.every((way) => BAD.has(way.kind)) ? "bad" : "";
  const press = edge.ways.every((way) => way.kind === "press") ? "press" : "";
  const near = at.step && (edge.source === at.step || edge.target === at.step) ? "near" : "";
  return [bad, press, near].filter(Boolean).join(" ");
};

function arrow(kind) {
  const head = svg("path", { d: "M0 0 8 4 0 8z", class: `head ${kind}` });
  return svg("marker", { id: `head-${kind}`, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, orient: "auto", markerUnits: "userSpaceOnUse" }, head);
}

function line(edge, at) {
  const classes = look(edge, at);
  const end = classes.includes("near") ? "near" : classes.includes("bad") ? "bad" : "plain";
  return svg("path", { class: `way ${classes}`, d: rounded(edge.points), "marker-end": `url(#head-${end})` });
}

/** A path through the points, with round corners. */
function rounded(points) {
  const [first, ...rest] = points;
  let path = `M${first[0]} ${first[1]}`;
  rest.forEach((point, number) => {
    const before = points[number];
    const after = rest[number + 1];
    if (!after) {
      path += `L${point[0]} ${point[1]}`;
      return;
    }
    const [x1, y1] = towards(point, before);
    const [x2, y2] = towards(point, after);
    path += `L${x1} ${y1}Q${point[0]} ${point[1]} ${x2} ${y2}`;
  });
  return path;
}

function towards([x, y], [toX, toY]) {
  const far = Math.hypot(toX - x, toY - y);
  const step = far ? Math.min(ROUND, far / 2) / far : 0;
  return [x + (toX - x) * step, y + (toY - y) * step];
}

/** The words on a line, each way on a row of its own. */
function label(edge, at) {
  if (!edge.words) return null;
  const [x, y, width, height] = edge.words;
  const rows = edge.ways.map((way) => worded(way, at)).filter((row) => row[1]);
  const shown = rows.length > edge.most ? [...rows.slice(0, edge.most - 1), ["more", `+${rows.length - edge.most + 1}`]] : rows;
  const room = el("div", { class: `edge-words ${look(edge, at)}` }, shown.map(([kind, text]) => el("span", { class: `edge-word ${kind}`, title: text, dir: "auto" }, text)));
  room.style.left = `${x - width / 2}px`;
  room.style.top = `${y - height / 2}px`;
  size(room, width, height);
  return room;
}

function worded(way, at) {
  if (way.text) return [way.kind, way.condition ? `${way.text[at.language]} · ${way.condition}` : way.text[at.language]];
  if (way.kind === "when") return ["when", way.condition];
  return [way.kind, way.kind === "next" ? "" : t(`e.${way.kind}`)];
}

// --- from box to box by the arrow keys

const WAYS = { ArrowDown: [0, 1], ArrowUp: [0, -1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

/** The nearest box in the arrow's direction gets the focus; straight ahead counts as nearer than aside. */
export function walk(view, event) {
  const way = WAYS[event.key];
  const all = [...view.querySelectorAll(".node-main")];
  const from = document.activeElement?.closest?.(".node-main");
  if (!way || event.ctrlKey || event.metaKey || event.altKey || !all.length) return;
  if (!from && document.activeElement !== view) return;
  event.preventDefault();
  const next = from ? nearest(from, all, way) : all[0];
  next?.focus({ preventScroll: true });
  next?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function nearest(from, all, [across, down]) {
  const here = centre(from);
  let best = null;
  let least = Infinity;
  for (const one of all) {
    if (one === from) continue;
    const there = centre(one);
    const ahead = (there.x - here.x) * across + (there.y - here.y) * down;
    const aside = Math.abs((there.x - here.x) * down) + Math.abs((there.y - here.y) * across);
    const far = ahead + aside * 2;
    if (ahead > 4 && far < least) [best, least] = [one, far];
  }
  return best;
}

function centre(node) {
  const found = node.getBoundingClientRect();
  return { x: found.x + found.width / 2, y: found.y + found.height / 2 };
}
