// The conversation on the screen: what the server has, in its order; below it what is still on its
// way. Who speaks is always written, for the ears too.

import { anchor, button, byId, config, drawn, element, glyph, words as worded } from "./nodes.js";

const TOGETHER = 5 * 60_000;
const NEAR_END = 80;
const CHIPS = 6;
const SWIPE = 60;

export class Log {
  // press(button), retry(item), discard(item); tools: what can be done to a message; find(id): a message.
  constructor({ press, retry, discard, find, media, tools }) {
    this.on = { press, retry, discard, find };
    this.media = media;
    this.tools = tools;
    this.log = byId("log");
    this.entries = byId("entries");
    this.pending = byId("pending");
    this.newest = byId("newest");
    this.last = null;
    this.seenAt = null;
    // How the chat spoke first: it stands above the answer already.
    this.spoken = "";
    this.log.addEventListener("scroll", () => {
      this.stays = this.atEnd();
      if (this.stays) this.newest.hidden = true;
    }, { passive: true });
    this.newest.addEventListener("click", () => {
      this.toEnd();
      this.log.focus();
    });
    // The frame and the box grow and shrink (a phone's keyboard), pictures come in: the last words stay in sight.
    const resized = new ResizeObserver(() => this.stays && this.toEnd());
    for (const node of [this.log, this.entries]) resized.observe(node);
    this.stays = true;
  }

  speak(words, language) {
    this.words = words;
    this.media.speak(words, language);
    this.tools.speak(words);
    this.log.setAttribute("aria-label", words.log);
    this.newest.querySelector("span").textContent = words.newest;
    this.clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
    this.calendar = new Intl.DateTimeFormat(language, { day: "numeric", month: "long" });
  }

  clear() {
    this.tools.close();
    this.entries.replaceChildren();
    this.last = null;
    this.seenAt = null;
    this.newest.hidden = true;
  }

  // A screen reader hears what is new, not the whole history at the start.
  aloud(on) {
    this.log.setAttribute("aria-live", on ? "polite" : "off");
  }

  add(message) {
    const mine = message.author === "customer";
    const stays = mine || this.atEnd();
    const at = new Date(message.at);
    const day = at.toDateString();
    if (!this.last || this.last.day !== day) this.entries.append(element("p", "day", this.dayName(at)));
    if (message.kind === "event") {
      message.node = element("p", "event", this.words[message.event](message.name));
      this.entries.append(message.node);
      this.last = { at, day };
    } else this.said(message, at, day, mine);
    if (stays) this.toEnd();
    else this.newest.hidden = false;
  }

  said(message, at, day, mine) {
    const { author, name, buttons = [] } = message;
    const joins = this.last && this.last.day === day && this.last.author === author &&
      this.last.name === name && at - this.last.at < TOGETHER;
    if (mine || buttons.length) this.entries.querySelector(".choices")?.remove();
    message.node = this.article(message);
    message.node.classList.toggle("joins", Boolean(joins));
    if (joins) this.last.message.node.classList.add("joined");
    this.entries.append(message.node);
    if (buttons.length && !message.deleted) this.entries.append(this.choices(buttons));
    this.last = { message, at, day, author, name };
  }

  // Draws a message anew that was edited, taken back, reacted to or read.
  change(message) {
    const before = message.node;
    if (!before || message.kind === "event") return;
    message.node = this.article(message);
    for (const name of ["joins", "joined"]) message.node.classList.toggle(name, before.classList.contains(name));
    if (message.deleted && before.nextSibling?.className === "choices") before.nextSibling.remove();
    before.replaceWith(message.node);
  }

  article(message) {
    const node = element("article", `message ${message.author}`);
    node.classList.toggle("deleted", Boolean(message.deleted));
    if (message.author !== "customer") {
      const avatar = element("span", "avatar");
      avatar.setAttribute("aria-hidden", "true");
      avatar.append(glyph(message.author === "operator" ? "operator" : "bot"));
      node.append(avatar);
    }
    const body = element("div", "body");
    body.append(worded("p", "author", this.nameOf(message)), this.bubble(message));
    const reactions = Object.values(message.reactions || {}).filter(Boolean);
    if (reactions.length && !message.deleted) {
      const shown = element("p", "reactions", reactions.join(" "));
      shown.prepend(element("span", "unseen", `${this.words.reactions} `));
      body.append(shown);
    }
    body.append(this.meta(message));
    node.append(body);
    if (message.seq && !message.deleted && message.kind === "said") this.tools.on(node, message);
    return node;
  }

  meta(message) {
    const meta = element("p", "meta");
    const at = new Date(message.at);
    const time = element("time", "", this.clock.format(at));
    time.dateTime = at.toISOString();
    meta.append(time);
    if (message.edited && !message.deleted) meta.append(element("span", "", this.words.edited));
    if (message.seen) meta.append(element("span", "seen", this.words.seen));
    return meta;
  }

  bubble(message) {
    const bubble = element("div", "bubble");
    if (message.deleted) {
      bubble.append(this.words.deleted);
      return bubble;
    }
    const parts = message.parts || [];
    const quoted = this.quote(message);
    if (quoted) bubble.append(quoted);
    bubble.append(...this.media.nodes(message.files || 0, parts));
    if (message.text) {
      const text = worded("p", "text");
      text.append(drawn(message.text, message.marks));
      bubble.append(text);
    }
    bubble.classList.toggle("card", parts.length > 0);
    return bubble;
  }

  quote({ reply_to: id, quote }) {
    const answered = id && this.on.find(id);
    if (answered?.node) {
      const go = () => answered.node.scrollIntoView({ block: "center" });
      const node = button("quote", "", go);
      node.append(worded("span", "", this.summary(answered)));
      return node;
    }
    return quote && quote !== this.spoken ? worded("p", "quote", quote) : null;
  }

  // A message in a line.
  summary(message) {
    if (message.deleted) return this.words.deleted;
    const [part] = message.parts || [];
    return message.text || (part && (part.name || this.words[part.kind])) || "…";
  }

  nameOf({ author, name }) {
    return author === "customer" ? this.words.you : name || this.words[author] || this.words.system;
  }

  dayName(at) {
    const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(at).setHours(0, 0, 0, 0)) / 86_400_000);
    return days === 0 ? this.words.today : days === 1 ? this.words.yesterday : this.calendar.format(at);
  }

  choices(buttons) {
    const list = element("div", "choices");
    list.classList.toggle("many", buttons.length > CHIPS);
    list.setAttribute("role", "group");
    list.setAttribute("aria-label", this.words.choices);
    for (const one of buttons) {
      if (one.url) {
        const link = anchor(one.url, "choice");
        link.append(worded("span", "", one.text), glyph("out"));
        list.append(link);
      } else {
        const node = button("choice", one.text, () => {
          list.remove();
          this.on.press(one);
        });
        node.dir = "auto";
        list.append(node);
      }
    }
    return list;
  }

  // The customer's latest message that people have read says so, and no other.
  seen(message) {
    const before = this.seenAt;
    if (before === message || (before && before.seq > message.seq)) return;
    this.seenAt = message;
    message.seen = true;
    this.change(message);
    if (before) {
      before.seen = false;
      this.change(before);
    }
  }

  // --- what is on its way

  show(item, state) {
    let node = this.pending.querySelector(`[data-id="${CSS.escape(item.frame.id)}"]`);
    if (!node) {
      const text = item.frame.text || item.frame.label;
      node = this.article({ author: "customer", text, parts: item.parts, quote: item.quote, at: item.at });
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
    meta.append(button("link", this.words.retry, () => this.on.retry(item)));
    meta.append(button("link", this.words.discard, () => this.on.discard(item)));
    this.toEnd();
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

// What can be done to a message: answer it, react to it; to one's own, put it otherwise or take it back.
// A button beside each message opens that; a swipe answers. Of all the buttons Tab reaches the last one, arrows
// the others.

export class Tools {
  // reply(message), react(message, emoji), edit(message), remove(message).
  constructor(does) {
    this.does = does;
    this.list = null;
    this.last = null;
    document.addEventListener("pointerdown", ({ target }) => {
      if (this.list && !this.list.contains(target) && !target.closest?.(".more")) this.close();
    });
    byId("entries").addEventListener("keydown", (event) => this.arrow(event));
  }

  speak(words) {
    this.words = words;
  }

  on(node, message) {
    const more = button("more", "", () => (this.list?.message === message ? this.close() : this.open(node, message)));
    more.setAttribute("aria-label", this.words.more);
    more.setAttribute("aria-expanded", "false");
    more.append(glyph("more"));
    if (this.last) this.last.tabIndex = -1;
    this.last = more;
    node.append(more);
    this.swiped(node, () => this.does.reply(message));
  }

  open(node, message) {
    this.close();
    const list = element("div", "tools");
    list.message = message;
    list.setAttribute("role", "group");
    list.setAttribute("aria-label", this.words.more);
    const act = (name, run, className = "tool") =>
      list.append(button(className, name, () => {
        this.close();
        run();
      }));
    if (message.author !== "customer")
      for (const emoji of config.reactions) {
        const given = message.reactions.customer === emoji;
        act(emoji, () => this.does.react(message, given ? "" : emoji), "emoji");
        list.lastChild.setAttribute("aria-pressed", given);
      }
    act(this.words.reply, () => this.does.reply(message));
    if (message.own) {
      if (message.text && !message.parts.length) act(this.words.edit, () => this.does.edit(message));
      const sure = button("tool", this.words.remove, () => {
        if (sure.textContent === this.words.remove) sure.textContent = this.words.sure;
        else {
          this.close();
          this.does.remove(message);
        }
      });
      list.append(sure);
    }
    list.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.close();
    });
    this.list = list;
    this.trigger = node.querySelector(".more");
    this.trigger.setAttribute("aria-expanded", "true");
    node.after(list);
    list.scrollIntoView({ block: "nearest" });
    list.querySelector("button").focus();
  }

  close() {
    if (!this.list) return;
    if (this.list.contains(document.activeElement)) this.trigger.focus();
    this.trigger.setAttribute("aria-expanded", "false");
    this.list.remove();
    this.list = null;
  }

  arrow(event) {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step || !event.target.matches(".more")) return;
    const all = [...byId("entries").querySelectorAll(".more")];
    const next = all[all.indexOf(event.target) + step];
    if (!next) return;
    event.preventDefault();
    event.target.tabIndex = -1;
    next.tabIndex = 0;
    this.last = next;
    next.focus();
  }

  swiped(node, run) {
    let from = null;
    node.addEventListener("touchstart", ({ touches: [touch] }) => (from = touch), { passive: true });
    node.addEventListener("touchend", ({ changedTouches: [to] }) => {
      if (from && Math.abs(to.clientX - from.clientX) > SWIPE && Math.abs(to.clientY - from.clientY) < SWIPE / 2) run();
      from = null;
    });
  }
}
