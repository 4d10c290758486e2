// Files up and down, with the visitor's key in a header: no address of the chat tells a secret or is one. And what a
// message holds beside words: pictures, sound, films, other files, places, contacts.

import { anchor, button, byId, config, element, glyph, words as worded } from "./nodes.js";

const PATH = "/widget/files";
const PICTURES = ["photo", "sticker"];

export class Files {
  // key(): the token or the pass of the last welcome; language(): in which to be refused.
  constructor({ key, language }) {
    this.key = key;
    this.language = language;
    this.urls = new Map();
  }

  // An upload under way: {done: a promise of what the server says of it, abort()}. progress(share) from 0 to 1.
  upload(file, progress) {
    const request = new XMLHttpRequest();
    const done = new Promise((resolve, reject) => {
      request.open("POST", `${PATH}?language=${this.language()}`);
      request.responseType = "json";
      request.setRequestHeader("Authorization", `Bearer ${this.key()}`);
      request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
      request.setRequestHeader("X-File-Name", encodeURIComponent(wellFormed(file.name)));
      request.upload.addEventListener("progress", ({ loaded, total }) => progress(total ? loaded / total : 0));
      request.addEventListener("loadend", () => {
        if (request.status === 200 && request.response) resolve(request.response);
        else reject(new Error(request.response?.error?.text || ""));
      });
      request.send(file);
    });
    return { done, abort: () => request.abort() };
  }

  // An address of this page's own for a file of the conversation.
  open(seq, place) {
    const name = `${seq}/${place}`;
    if (!this.urls.has(name)) {
      const url = this.fetch(name);
      this.urls.set(name, url);
      url.catch(() => this.urls.delete(name));
    }
    return this.urls.get(name);
  }

  async fetch(name) {
    const response = await fetch(`${PATH}/${name}`, { headers: { Authorization: `Bearer ${this.key()}` } });
    if (!response.ok) throw new Error(`${response.status}`);
    return URL.createObjectURL(await response.blob());
  }

  async save(seq, place, name) {
    const link = document.createElement("a");
    link.href = await this.open(seq, place);
    link.download = name || "file";
    link.click();
  }

  forget() {
    for (const url of this.urls.values()) url.then(URL.revokeObjectURL, () => {});
    this.urls.clear();
  }
}

const wellFormed = (name) => (name.toWellFormed ? name.toWellFormed() : name);

export function sizeOf(bytes, language) {
  const unit = bytes < 1e6 ? "kilobyte" : "megabyte";
  const count = Math.max(1, bytes / (bytes < 1e6 ? 1e3 : 1e6));
  const digits = { maximumFractionDigits: count < 10 ? 1 : 0 };
  return new Intl.NumberFormat(language, { style: "unit", unit, ...digits }).format(count);
}

export const tooLarge = (file) => file.size > config.files.limit;

// --- on the screen

export class Media {
  constructor(files) {
    this.files = files;
    this.viewer = byId("viewer");
    byId("viewed").addEventListener("click", () => this.viewer.close());
    // What is far up in the conversation is fetched when somebody comes near.
    this.near = new IntersectionObserver((all) => {
      for (const { isIntersecting, target } of all) {
        if (!isIntersecting) continue;
        this.near.unobserve(target);
        target.load();
      }
    }, { rootMargin: "300px" });
  }

  speak(words, language) {
    this.words = words;
    this.language = language;
    this.viewer.setAttribute("aria-label", words.photo);
    byId("viewed").setAttribute("aria-label", words.back);
  }

  // Nodes of a message's parts. `seq` is the entry that they came in, 0 for what is not sent yet.
  nodes(seq, parts) {
    const nodes = [];
    const pictures = parts.filter((part) => PICTURES.includes(part.kind));
    if (pictures.length) {
      const album = element("div", `album of${Math.min(pictures.length, 3)}`);
      album.append(...pictures.map((part) => this.picture(seq, part)));
      nodes.push(album);
    }
    for (const part of parts) if (!PICTURES.includes(part.kind)) nodes.push(this.other(seq, part));
    return nodes;
  }

  other(seq, part) {
    if (part.kind === "location") return this.place(part);
    if (part.kind === "contact") return this.contact(part);
    if (!seq) return this.line("file", part);
    if (part.kind === "voice" || part.kind === "audio") return this.sound(seq, part);
    return part.kind === "video" ? this.film(seq, part) : this.document(seq, part);
  }

  picture(seq, part) {
    const label = part.name ? `${this.words.photo}: ${part.name}` : this.words.photo;
    if (!seq && !part.url) return this.line("file", part);
    const image = element("img");
    image.alt = label;
    const node = button(`picture ${part.kind}`, "", () => image.src && this.view(image));
    node.append(image);
    const failed = () => node.replaceWith(this.lost(part));
    image.addEventListener("error", failed);
    if (part.url) image.src = part.url;
    else this.later(node, () => this.files.open(seq, part.n).then((url) => (image.src = url), failed));
    return node;
  }

  view(image) {
    const large = this.viewer.querySelector("img");
    large.src = image.src;
    large.alt = image.alt;
    this.viewer.showModal();
  }

  sound(seq, part) {
    const node = element("div", "sound");
    const player = element("audio");
    player.controls = true;
    player.setAttribute("aria-label", [this.words[part.kind], part.name].filter(Boolean).join(": "));
    node.append(player);
    const failed = () => node.replaceWith(this.lost(part));
    this.later(node, () => this.files.open(seq, part.n).then((url) => (player.src = url), failed));
    return node;
  }

  film(seq, part) {
    const node = this.line("play", part, async () => {
      node.disabled = true;
      const film = element("video");
      film.controls = film.autoplay = film.playsInline = true;
      film.setAttribute("aria-label", node.textContent);
      try {
        film.src = await this.files.open(seq, part.n);
        node.replaceWith(film);
      } catch {
        node.replaceWith(this.lost(part));
      }
    });
    return node;
  }

  document(seq, part) {
    const node = this.line("file", part, () =>
      this.files.save(seq, part.n, part.name).catch(() => node.replaceWith(this.lost(part))));
    return node;
  }

  // A line with the name and the size; with `run` it can be pressed.
  line(sign, part, run) {
    const node = run ? button("file", "", run) : element("p", "file");
    const about = element("span");
    about.append(worded("span", "name", part.name || this.words[part.kind] || this.words.document));
    if (part.size) about.append(" ", element("span", "size", sizeOf(part.size, this.language)));
    node.append(glyph(sign), about);
    return node;
  }

  lost(part) {
    return element("p", "lost", `${part.name || this.words[part.kind] || ""} ${this.words.lost}`.trim());
  }

  place({ latitude, longitude, title }) {
    const at = `${latitude.toFixed(5)}, ${longitude.toFixed(5)}`;
    const link = anchor(
      `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=16/${latitude}/${longitude}`, "file");
    const about = element("span");
    about.append(worded("span", "name", title || this.words.place), " ", element("span", "size", at));
    link.append(glyph("place"), about);
    return link;
  }

  contact({ phone, name }) {
    const number = phone.replace(/[^\d+]/g, "");
    const link = (number && anchor(`tel:${number}`, "file")) || element("p", "file");
    const about = element("span");
    about.append(worded("span", "name", name || this.words.contact), " ", element("span", "size", phone));
    link.append(glyph("operator"), about);
    return link;
  }

  later(node, load) {
    node.load = load;
    this.near.observe(node);
  }
}
