// The box one writes in: grows with the words, keeps a draft over a reload, counts when it gets long.

const TALLEST = 136;
const TYPING_EVERY = 3000;

const byId = (id) => document.getElementById(id);

export class Composer {
  constructor(memory, { send, types, leave }) {
    this.memory = memory;
    this.limit = Number(document.documentElement.dataset.limit);
    this.form = byId("composer");
    this.box = byId("box");
    this.button = byId("send");
    this.count = byId("count");
    this.typedAt = 0;
    this.box.value = memory.get("draft") || "";
    this.box.addEventListener("input", () => {
      memory.set("draft", this.box.value);
      this.fit();
      if (this.text() && Date.now() - this.typedAt > TYPING_EVERY) {
        this.typedAt = Date.now();
        types();
      }
    });
    this.box.addEventListener("keydown", (event) => {
      // While a word is being composed (IME), Enter belongs to it.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      this.form.requestSubmit();
    });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.button.disabled) return;
      send(this.text());
      this.box.value = "";
      memory.remove("draft");
      this.typedAt = 0;
      this.fit();
      this.box.focus();
    });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.isComposing) leave();
    });
  }

  speak(words) {
    this.words = words;
    this.form.querySelector("label").textContent = words.box;
    this.box.placeholder = words.placeholder;
    this.button.setAttribute("aria-label", words.send);
    this.fit();
  }

  text() {
    const text = this.box.value.trim();
    // Half of a broken character would make the whole message unreadable.
    return text.toWellFormed ? text.toWellFormed() : text;
  }

  fit() {
    const left = this.limit - [...this.text()].length;
    this.button.disabled = !this.text() || left < 0;
    this.count.classList.toggle("over", left < 0);
    this.count.textContent =
      left < 0 ? this.words.over(-left) : left < this.limit / 10 ? this.words.left(left) : "";
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
