// Files that go with the next message: chosen, pasted or dropped, and on their way up already.

import { sizeOf, tooLarge } from "./media.js";
import { button, byId, config, element, glyph, words as worded } from "./nodes.js";

export class Tray {
  // changed() when there is more or less to send, or it is ready; refused(text) for a file that is not taken.
  constructor(files, { changed, refused }) {
    this.files = files;
    this.on = { changed, refused };
    this.items = [];
    this.list = byId("tray");
    const { attach, chosen } = { attach: byId("attach"), chosen: byId("chosen") };
    attach.hidden = !config.files.limit;
    attach.addEventListener("click", () => chosen.click());
    chosen.addEventListener("change", () => {
      this.add(chosen.files);
      chosen.value = "";
    });
    byId("box").addEventListener("paste", (event) => {
      if (!event.clipboardData.files.length) return;
      event.preventDefault();
      this.add(event.clipboardData.files);
    });
    this.dropping();
  }

  dropping() {
    const body = document.body;
    const over = (event) => [...event.dataTransfer.types].includes("Files");
    document.addEventListener("dragover", (event) => {
      if (!over(event)) return;
      event.preventDefault();
      body.classList.toggle("dropping", !byId("composer").hidden);
    });
    document.addEventListener("dragleave", (event) => event.relatedTarget || body.classList.remove("dropping"));
    document.addEventListener("drop", (event) => {
      if (!over(event)) return;
      event.preventDefault();
      body.classList.remove("dropping");
      if (!byId("composer").hidden) this.add(event.dataTransfer.files);
    });
  }

  speak(words, language) {
    this.words = words;
    this.language = language;
    byId("attach").setAttribute("aria-label", words.attach);
    this.list.setAttribute("aria-label", words.files);
    byId("drop").textContent = words.drop;
  }

  get busy() {
    return this.items.some((item) => !item.sent);
  }

  add(chosen) {
    for (const file of config.files.limit ? chosen : []) {
      if (tooLarge(file)) this.on.refused(this.words.large(file.name, sizeOf(config.files.limit, this.language)));
      else if (this.items.length >= config.files.album) this.on.refused(this.words.many(config.files.album));
      else this.put(file);
    }
    byId("box").focus();
  }

  put(file) {
    const item = { file, url: file.type.startsWith("image/") ? URL.createObjectURL(file) : "", node: element("li") };
    this.items.push(item);
    this.list.append(item.node);
    this.send(item);
  }

  // The network is back.
  again() {
    for (const item of this.items) if (item.waits) this.send(item);
  }

  send(item) {
    const { file } = item;
    item.waits = false;
    const bar = element("progress");
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute("aria-label", `${this.words.uploading} ${file.name}`);
    this.draw(item, bar);
    item.upload = this.files.upload(file, (share) => (bar.value = share));
    item.upload.done.then(
      (sent) => {
        item.sent = sent;
        this.draw(item, element("span", "size", sizeOf(file.size, this.language)));
      },
      ({ message }) => {
        if (!this.items.includes(item)) return;
        // No answer at all: the network is away, and the file goes when it is back.
        item.waits = !message;
        const failed = element("span", "lost", `${this.words.failed} ${message}`);
        failed.setAttribute("role", "alert");
        this.draw(item, failed, button("link", this.words.retry, () => this.send(item)));
      },
    );
  }

  draw(item, ...state) {
    const { file, node, url } = item;
    const thumb = url ? element("img") : element("span", "sign");
    if (url) {
      thumb.src = url;
      thumb.alt = "";
    } else thumb.append(glyph("file"));
    const away = button("plain", "", () => this.drop(item));
    away.setAttribute("aria-label", `${this.words.discard} ${file.name}`);
    away.append(glyph("close"));
    const about = element("div", "about");
    about.append(worded("span", "name", file.name), ...state);
    node.replaceChildren(thumb, about, away);
    this.list.hidden = false;
    this.on.changed();
  }

  drop(item) {
    item.upload.abort();
    this.items = this.items.filter((other) => other !== item);
    item.node.remove();
    this.list.hidden = !this.items.length;
    this.on.changed();
    byId("box").focus();
  }

  // What goes with the message that is sent now.
  take() {
    const taken = this.items.map(({ sent, url }) => ({ ...sent, url }));
    this.items = [];
    this.list.replaceChildren();
    this.list.hidden = true;
    return taken;
  }
}
