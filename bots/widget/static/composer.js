// The box one writes in: grows with the words, keeps a draft over a reload, counts when it gets long. It may be
// answering a message, or putting one's own otherwise.

import { byId, config } from "./nodes.js";

const TALLEST = 136;
const TYPING_EVERY = 3000;

export class Composer {
  // send({text, to, edits}) with the message that is answered or edited, types(), leave(); tray: files to go along;
  // summary(message): it in a line.
  constructor(memory, { send, types, leave, tray, summary }) {
    this.memory = memory;
    this.tray = tray;
    this.on = { send, types, summary };
    this.form = byId("composer");
    this.box = byId("box");
    this.button = byId("send");
    this.count = byId("count");
    this.context = byId("context");
    this.typedAt = 0;
    this.about = null;
    this.box.value = memory.get("draft") || "";
    this.box.addEventListener("input", () => this.written());
    this.box.addEventListener("keydown", (event) => {
      // While a word is being composed (IME), Enter belongs to it.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      this.form.requestSubmit();
    });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!this.button.disabled) this.submit();
    });
    byId("cancel").addEventListener("click", () => this.forget());
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.isComposing || byId("viewer").open) return;
      if (this.about) this.forget();
      else leave();
    });
  }

  written() {
    if (!this.about?.edits) this.memory.set("draft", this.box.value);
    this.fit();
    if (this.text() && Date.now() - this.typedAt > TYPING_EVERY) {
      this.typedAt = Date.now();
      this.on.types();
    }
  }

  submit() {
    const { message = null, edits = false } = this.about || {};
    this.on.send({ text: this.text(), to: message, edits });
    if (!edits) this.memory.remove("draft");
    this.box.value = "";
    this.typedAt = 0;
    this.forget();
  }

  // From now on an answer to `message`, or, with `edits`, other words for it.
  regard(message, edits = false) {
    this.forget();
    this.about = { message, edits };
    if (edits) this.box.value = message.text;
    this.context.hidden = false;
    const [what, words] = this.context.querySelectorAll("span");
    what.textContent = edits ? this.words.editing : this.words.replying;
    words.textContent = this.on.summary(message);
    this.fit();
    this.box.focus();
  }

  forget() {
    if (this.about?.edits) this.box.value = this.memory.get("draft") || "";
    this.about = null;
    this.context.hidden = true;
    this.fit();
    this.box.focus();
  }

  speak(words) {
    this.words = words;
    this.form.querySelector("label").textContent = words.box;
    this.box.placeholder = words.placeholder;
    this.button.setAttribute("aria-label", words.send);
    byId("cancel").setAttribute("aria-label", words.cancel);
    this.fit();
  }

  text() {
    const text = this.box.value.trim();
    // Half of a broken character would make the whole message unreadable.
    return text.toWellFormed ? text.toWellFormed() : text;
  }

  fit() {
    const left = config.limit - [...this.text()].length;
    const something = this.text() || (this.tray.items.length && !this.about?.edits);
    this.button.disabled = !something || left < 0 || this.tray.busy;
    this.count.classList.toggle("over", left < 0);
    this.count.textContent =
      left < 0 ? this.words.over(-left) : left < config.limit / 10 ? this.words.remain(left) : "";
    this.box.style.height = "auto";
    this.box.style.height = `${Math.min(this.box.scrollHeight, TALLEST)}px`;
    this.box.style.overflowY = this.box.scrollHeight > TALLEST ? "auto" : "hidden";
  }

  focus() {
    // On a phone the keyboard would cover what the customer came to read.
    if (matchMedia("(pointer: coarse)").matches) byId("log").focus();
    else this.box.focus();
  }
}
