// One message of a chat as elements. Words of people and of the bot only ever become text nodes.

import { withSigns } from "./signs.js";
import { language, word } from "./words.js";

const TAGS = {
  bold: "b", italic: "i", underline: "u", strikethrough: "s", code: "code", pre: "code",
  blockquote: "q",
};

export function make(tag, options = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(options)) {
    if (key === "class") element.className = value;
    else if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  for (const child of children) {
    if (typeof child === "string") element.append(...withSigns(child));
    else if (child !== null && child !== undefined) element.append(child);
  }
  return element;
}

// Addresses are links even where no entity says so.
function withLinks(text, entities) {
  const found = [...text.matchAll(/https?:\/\/[^\s<>]*[^\s<>.,:;!?)]/g)].map((address) => (
    { type: "url", offset: address.index, length: address[0].length }));
  const free = (link) => !entities.some((one) => one.offset < link.offset + link.length && link.offset < one.offset + one.length);
  return [...entities, ...found.filter(free)];
}

// Entity offsets are UTF-16 code units, which is how JavaScript counts too.
function richText(text, given) {
  const entities = withLinks(text, given);
  const edges = new Set([0, text.length]);
  for (const entity of entities) {
    edges.add(entity.offset);
    edges.add(entity.offset + entity.length);
  }
  const places = [...edges].filter((place) => place <= text.length).sort((a, b) => a - b);
  const pieces = document.createDocumentFragment();
  for (let n = 0; n + 1 < places.length; n += 1) {
    const [from, to] = [places[n], places[n + 1]];
    let node = document.createDocumentFragment();
    node.append(...withSigns(text.slice(from, to)));
    for (const entity of entities) {
      if (entity.offset <= from && entity.offset + entity.length >= to) node = wrapped(node, entity, text);
    }
    pieces.append(node);
  }
  return pieces;
}

function wrapped(node, entity, text) {
  if (entity.type === "text_link" || entity.type === "url") {
    return linked(entity.url || text.slice(entity.offset, entity.offset + entity.length), node);
  }
  if (entity.type === "expandable_blockquote") return make("q", { class: "folded", tabindex: "0" }, node);
  if (entity.type === "spoiler") return make("span", { class: "spoiler", tabindex: "0" }, node);
  return TAGS[entity.type] ? make(TAGS[entity.type], {}, node) : node;
}

function linked(target, shown) {
  if (!/^(https?|mailto|tel):/i.test(target)) return shown;
  return make("a", { href: target, target: "_blank", rel: "noopener noreferrer" }, shown);
}

function time(seconds) {
  const at = new Date(seconds * 1000);
  const shown = at.toLocaleTimeString(language.now, { hour: "2-digit", minute: "2-digit" });
  return make("time", { datetime: at.toISOString() }, shown);
}

function attachments(line) {
  const shown = (line.files ?? [line.file]).filter(Boolean).map(attached);
  if (line.place) shown.push(make("p", { class: "file" }, `📍 ${line.place.latitude}, ${line.place.longitude}`));
  if (line.contact) shown.push(make("p", { class: "file" }, `👤 ${line.contact.first_name}, ${line.contact.phone_number}`));
  return shown;
}

function attached(file) {
  if (file.link) return make("p", { class: "file" }, linked(file.link, file.name || file.link));
  const source = `/fake/api/file?id=${encodeURIComponent(file.id)}`;
  if (file.kind === "sticker") return make("p", { class: "sticker" }, file.emoji || "🙂");
  if (file.image) return make("img", { src: source, alt: file.name || word("photo"), class: "picture" });
  const icon = { voice: "🎤", video: "🎬", audio: "🎵", photo: "🖼", animation: "🎬", video_note: "🎬" }[file.kind] || "📄";
  const name = { voice: word("voice"), video: word("video"), audio: word("audio"), video_note: word("video") }[file.kind] || file.name;
  const size = file.size > 1024 ? `${Math.round(file.size / 1024)} KB` : `${file.size} B`;
  return make("p", { class: "file" }, `${icon} `, make("a", { href: source, download: file.name }, name || word("file")), ` · ${size}`);
}

// Rows of buttons: `press(button)` is told of every one that opens nothing. Without it they are only looked at.
export function keyboard(rows, press) {
  if (!rows?.length) return null;
  return make("div", { class: "keyboard" }, ...rows.map((row) => make("div", { class: "row" }, ...row.map((button) => {
    if (button.url) {
      return /^https?:/i.test(button.url)
        ? make("a", { class: "button", href: button.url, target: "_blank", rel: "noopener noreferrer" }, `${button.text} ↗`)
        : make("span", { class: "button" }, button.text);
    }
    const drawn = { class: `button ${button.colour ?? ""}`.trim() };
    if (press) Object.assign(drawn, { type: "button", onclick: () => press(button) });
    return make(press ? "button" : "span", drawn, button.text, button.about ? make("small", {}, button.about) : null);
  }))));
}

function pressing(line, acts) {
  return acts.press && ((button) => acts.press(line, button));
}

function cards(line, acts) {
  if (!line.cards?.length) return null;
  return make("ul", { class: "cards" }, ...line.cards.map((card) => make("li", { class: "card" },
    make("b", {}, card.title), card.text ? make("p", { class: "aside" }, card.text) : null,
    keyboard(card.buttons, pressing(line, acts)))));
}

function actions(line, viewer, acts) {
  const item = (name, act) => make("button", { type: "button", class: "quiet", onclick: () => act(line) }, word(name));
  const items = [];
  if (acts.react) {
    items.push(make("div", { class: "row", role: "group", "aria-label": word("react") }, ...acts.reactions.map((emoji) =>
      make("button", { type: "button", class: "quiet", onclick: () => acts.react(line, emoji) }, emoji))));
  }
  if (acts.reply) items.push(item("reply", acts.reply));
  if (line.user === viewer && line.text && acts.edit) items.push(item("edit", acts.edit));
  if (line.user === viewer && acts.remove) items.push(item("remove", acts.remove));
  if (!items.length) return make("span", { class: "actions" });
  return make("details", { class: "actions" },
    make("summary", { "aria-label": word("actions"), title: word("actions") }, "⋯"),
    make("div", { class: "menu" }, ...items));
}

const TICKS = { sent: "✓", delivered: "✓✓", read: "✓✓", failed: "✘" };

function state(line) {
  if (!TICKS[line.status]) return null;
  return make("span", { class: `state ${line.status}`, title: word(line.status) }, " ", TICKS[line.status],
    make("span", { class: "hidden" }, word(line.status)));
}

// `viewer`: the id of the person who looks; `acts`: press, react (with `reactions`), reply, edit, remove, as far as
// they are possible, and `service`, the words for what a chat says itself.
export function messageElement(line, viewer, acts) {
  if (line.service) return make("p", { class: "service" }, acts.service(line.service));
  const mine = line.user === viewer;
  const reactions = line.reactions.map((given) => make("button", {
    type: "button", class: given.users.includes(viewer) ? "reaction own" : "reaction", disabled: !acts.react,
    onclick: () => acts.react(line, given.emoji),
  }, `${given.emoji} ${given.users.length}`));
  const tag = line.bot ? word("bot") : line.tag ? word(line.tag) : "";
  return make("article", { class: `message ${mine ? "mine" : "theirs"}${line.bot ? " from-bot" : ""}${line.thread ? " threaded" : ""}` },
    make("div", { class: "bubble" },
      make("p", { class: "author" }, line.author, tag ? make("span", { class: "tag" }, tag) : null),
      line.forwarded ? make("p", { class: "aside" }, `${word("forwarded")} ${line.forwarded}`) : null,
      line.reply ? make("blockquote", { class: "replied" }, make("b", {}, line.reply.author), " ", line.reply.text) : null,
      ...attachments(line),
      line.text ? make("p", { class: "text", dir: "auto" }, richText(line.text, line.entities)) : null,
      make("p", { class: "meta" }, line.pinned ? `📌 ${word("pinned")} ` : null, line.edited ? `${word("edited")} ` : null,
        line.at ? time(line.at) : null, state(line))),
    actions(line, viewer, acts),
    cards(line, acts),
    keyboard(line.buttons, pressing(line, acts)),
    reactions.length ? make("div", { class: "reactions" }, ...reactions) : null);
}
