// The conversation on the screen: what the server has, in its order; below it what is still on its
// way. Every word is put in as text; who speaks is always written, for the ears too.

import { linked } from "./links.js";

const TOGETHER = 5 * 60_000;
const NEAR_END = 80;

const byId = (id) => document.getElementById(id);

export function glyph(author) {
  const template = byId(`glyph-${author === "operator" ? "operator" : "bot"}`);
  return template.content.cloneNode(true);
}

export function element(name, className, text = "") {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}

export class Log {
  // press(button) when a button of the last words is pressed; retry(item) and discard(item) on a failed message.
  constructor({ press, retry, discard }) {
    this.on = { press, retry, discard };
    this.log = byId("log");
    this.entries = byId("entries");
    this.pending = byId("pending");
    this.newest = byId("newest");
    this.last = null;
    this.log.addEventListener("scroll", () => this.atEnd() && (this.newest.hidden = true), { passive: true });
    this.newest.addEventListener("click", () => {
      this.toEnd();
      this.log.focus();
    });
    // The frame and the box grow and shrink (a phone's keyboard): the last words stay in sight.
    new ResizeObserver(() => this.stays && this.toEnd()).observe(this.log);
    this.log.addEventListener("scroll", () => (this.stays = this.atEnd()), { passive: true });
    this.stays = true;
  }

  speak(words, language) {
    this.words = words;
    this.log.setAttribute("aria-label", words.log);
    this.newest.querySelector("span").textContent = words.newest;
    this.clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
    this.calendar = new Intl.DateTimeFormat(language, { day: "numeric", month: "long" });
  }

  clear() {
    this.entries.replaceChildren();
    this.last = null;
    this.newest.hidden = true;
  }

  // A screen reader hears what is new, not the whole history at the start.
  aloud(on) {
    this.log.setAttribute("aria-live", on ? "polite" : "off");
  }

  add(entry) {
    const mine = entry.author === "customer";
    const stays = mine || this.atEnd();
    const at = new Date(entry.at);
    const day = at.toDateString();
    if (!this.last || this.last.day !== day) this.entries.append(element("p", "day", this.dayName(at)));
    const joins = this.last && this.last.day === day && this.last.author === entry.author &&
      this.last.name === entry.name && at - this.last.at < TOGETHER;
    if (mine || entry.buttons.length) this.entries.querySelector(".choices")?.remove();
    const node = this.message(entry, at);
    node.classList.toggle("joins", Boolean(joins));
    if (joins) this.last.node.classList.add("joined");
    this.entries.append(node);
    if (entry.buttons.length) this.entries.append(this.choices(entry));
    this.last = { node, at, day, author: entry.author, name: entry.name };
    if (stays) this.toEnd();
    else this.newest.hidden = false;
  }

  message(entry, at) {
    const node = element("article", `message ${entry.author}`);
    if (entry.author !== "customer") {
      const avatar = element("span", "avatar");
      avatar.setAttribute("aria-hidden", "true");
      avatar.append(glyph(entry.author));
      node.append(avatar);
    }
    const body = element("div", "body");
    body.append(element("p", "author", this.nameOf(entry)), this.bubble(entry.text));
    const meta = element("p", "meta");
    const time = element("time", "", this.clock.format(at));
    time.dateTime = at.toISOString();
    meta.append(time);
    if (entry.edited) meta.append(element("span", "", this.words.edited));
    body.append(meta);
    node.append(body);
    return node;
  }

  bubble(text) {
    const bubble = element("div", "bubble");
    bubble.dir = "auto";
    bubble.append(linked(text));
    return bubble;
  }

  nameOf(entry) {
    if (entry.author === "customer") return this.words.you;
    return entry.name || this.words[entry.author] || this.words.system;
  }

  dayName(at) {
    const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(at).setHours(0, 0, 0, 0)) / 86_400_000);
    return days === 0 ? this.words.today : days === 1 ? this.words.yesterday : this.calendar.format(at);
  }

  choices({ buttons }) {
    const list = element("div", "choices");
    for (const button of buttons) {
      const node = element("button", "choice", button.text);
      node.type = "button";
      node.addEventListener("click", () => {
        list.remove();
        this.on.press(button);
      });
      list.append(node);
    }
    return list;
  }

  // --- what is on its way

  show(item, state) {
    let node = this.pending.querySelector(`[data-id="${CSS.escape(item.frame.id)}"]`);
    if (!node) {
      node = this.message({ author: "customer", text: item.frame.text || item.frame.label }, new Date(item.at));
      node.dataset.id = item.frame.id;
      this.pending.append(node);
      this.entries.querySelector(".choices")?.remove();
      this.toEnd();
    }
    node.classList.toggle("failed", state === "failed");
    const meta = node.querySelector(".meta");
    meta.replaceChildren(element("span", "status", state === "failed" ? "" : this.words[state]));
    if (state !== "failed") return;
    meta.firstChild.append(this.words.failed, " ", item.failed);
    meta.append(this.action(this.words.retry, () => this.on.retry(item)));
    meta.append(this.action(this.words.discard, () => this.on.discard(item)));
    this.toEnd();
  }

  action(text, run) {
    const button = element("button", "link", text);
    button.type = "button";
    button.addEventListener("click", run);
    return button;
  }

  gone(id) {
    this.pending.querySelector(`[data-id="${CSS.escape(id)}"]`)?.remove();
  }

  atEnd() {
    return this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < NEAR_END;
  }

  toEnd() {
    this.log.scrollTop = this.log.scrollHeight;
    this.newest.hidden = true;
    this.stays = true;
  }
}
