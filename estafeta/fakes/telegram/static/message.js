// One message of a chat as elements. Words of people and of the bot only ever become text nodes.

import { withSigns } from "./signs.js";
import { language, word } from "./words.js";

export const REACTIONS = ["👍", "❤", "🔥", "😁", "🤔", "👎"];

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

// Entity offsets are UTF-16 code units, which is how JavaScript counts too.
function richText(text, entities) {
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
    const target = entity.url || text.slice(entity.offset, entity.offset + entity.length);
    if (/^(https?|mailto|tel):/i.test(target)) {
      return make("a", { href: target, target: "_blank", rel: "noopener noreferrer" }, node);
    }
    return node;
  }
  if (entity.type === "expandable_blockquote") return make("q", { class: "folded", tabindex: "0" }, node);
  if (entity.type === "spoiler") return make("span", { class: "spoiler", tabindex: "0" }, node);
  return TAGS[entity.type] ? make(TAGS[entity.type], {}, node) : node;
}

function time(seconds) {
  const at = new Date(seconds * 1000);
  const shown = at.toLocaleTimeString(language.now, { hour: "2-digit", minute: "2-digit" });
  return make("time", { datetime: at.toISOString() }, shown);
}

const SERVICE = {
  forum_topic_created: (data) => `${word("created")}: ${data.name}`,
  forum_topic_edited: (data) => `${word("renamed")} ${data.name || ""}`.trim(),
  forum_topic_closed: () => word("closed"),
  forum_topic_reopened: () => word("reopened"),
  new_chat_members: (data) => `${word("joined")} ${data.map((user) => user.first_name).join(", ")}`,
  left_chat_member: (data) => `${word("left")} ${data.first_name}`,
  pinned_message: () => word("pinnedNow"),
  supergroup_chat_created: () => word("groupCreated"),
  migrate_to_chat_id: () => word("migrated"),
  migrate_from_chat_id: () => word("migrated"),
};

function attachment(line) {
  if (line.place) return make("p", { class: "file" }, `📍 ${line.place.latitude}, ${line.place.longitude}`);
  if (line.contact) return make("p", { class: "file" }, `👤 ${line.contact.first_name}, ${line.contact.phone_number}`);
  const file = line.file;
  if (!file) return null;
  const source = `/fake/api/file?id=${encodeURIComponent(file.id)}`;
  if (file.kind === "sticker") return make("p", { class: "sticker" }, file.emoji || "🙂");
  if (file.image) return make("img", { src: source, alt: file.name || word("photo"), class: "picture" });
  const icon = { voice: "🎤", video: "🎬", audio: "🎵", photo: "🖼", animation: "🎬" }[file.kind] || "📄";
  const name = { voice: word("voice"), video: word("video"), audio: word("audio") }[file.kind] || file.name;
  const size = file.size > 1024 ? `${Math.round(file.size / 1024)} KB` : `${file.size} B`;
  return make("p", { class: "file" }, `${icon} `, make("a", { href: source, download: file.name }, name || word("file")), ` · ${size}`);
}

function keyboard(line, acts) {
  if (!line.buttons.length) return null;
  const rows = line.buttons.map((row) => make("div", { class: "row" }, ...row.map((button) => {
    if (button.url) {
      return /^https?:/i.test(button.url)
        ? make("a", { class: "button", href: button.url, target: "_blank", rel: "noopener noreferrer" }, `${button.text} ↗`)
        : make("span", { class: "button" }, button.text);
    }
    return make("button", { type: "button", class: "button", onclick: () => acts.press(line.id, button.callback_data) }, button.text);
  })));
  return make("div", { class: "keyboard" }, ...rows);
}

function actions(line, viewer, acts) {
  const items = [
    make("div", { class: "row", role: "group", "aria-label": word("react") }, ...REACTIONS.map((emoji) =>
      make("button", { type: "button", class: "quiet", onclick: () => acts.react(line, emoji) }, emoji))),
    make("button", { type: "button", class: "quiet", onclick: () => acts.reply(line) }, word("reply")),
  ];
  if (line.user === viewer) {
    if (line.text) items.push(make("button", { type: "button", class: "quiet", onclick: () => acts.edit(line) }, word("edit")));
    items.push(make("button", { type: "button", class: "quiet", onclick: () => acts.remove(line) }, word("remove")));
  }
  return make("details", { class: "actions" },
    make("summary", { "aria-label": word("actions"), title: word("actions") }, "⋯"),
    make("div", { class: "menu" }, ...items));
}

// `viewer`: the id of the person who looks; `acts`: press, react, reply, edit, remove.
export function messageElement(line, viewer, acts) {
  if (line.service) {
    const say = SERVICE[line.service.kind];
    return make("p", { class: "service" }, say ? say(line.service.data) : line.service.kind);
  }
  const mine = line.user === viewer;
  const reactions = line.reactions.map((given) => make("button", {
    type: "button", class: given.users.includes(viewer) ? "reaction own" : "reaction",
    onclick: () => acts.react(line, given.emoji),
  }, `${given.emoji} ${given.users.length}`));
  return make("article", { class: `message ${mine ? "mine" : "theirs"}${line.bot ? " from-bot" : ""}` },
    make("div", { class: "bubble" },
      make("p", { class: "author" }, line.author, line.bot ? make("span", { class: "tag" }, word("bot")) : null),
      line.forwarded ? make("p", { class: "aside" }, `${word("forwarded")} ${line.forwarded}`) : null,
      line.reply ? make("blockquote", { class: "replied" }, make("b", {}, line.reply.author), " ", line.reply.text) : null,
      attachment(line),
      line.text ? make("p", { class: "text", dir: "auto" }, richText(line.text, line.entities)) : null,
      make("p", { class: "meta" }, line.pinned ? `📌 ${word("pinned")} ` : null, line.edited ? `${word("edited")} ` : null, time(line.at))),
    actions(line, viewer, acts),
    keyboard(line, acts),
    reactions.length ? make("div", { class: "reactions" }, ...reactions) : null);
}
