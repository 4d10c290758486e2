// One side of the page: a chat's log and the box to write into. Elements of unchanged messages are kept.

import { make, messageElement } from "./message.js";
import { language, word } from "./words.js";

export const byId = (id) => document.getElementById(id);

export async function post(act, body) {
  const response = await fetch(`/fake/api/${act}`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) note(answer.error, true);
  return response.ok ? answer : null;
}

export function note(text, alarming = false) {
  const element = make("p", { class: alarming ? "note alarming" : "note" }, text);
  byId("notes").append(element);
  setTimeout(() => element.remove(), 6000);
}

// Replaces children and keeps the focus on the one that had it.
export function swap(parent, children) {
  const focused = parent.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  parent.replaceChildren(...children);
  if (focused) parent.querySelector(`[data-key="${focused}"]`)?.focus();
}

async function base64(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (let n = 0; n < bytes.length; n += 8192) text += String.fromCharCode(...bytes.subarray(n, n + 8192));
  return btoa(text);
}

document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("details[open]")) if (!open.contains(event.target)) open.open = false;
});

// `can` is what the side may do where it now is, asked for at every use: say(text, line answered or null), edit(line,
// text), remove(line), react(line, emoji or null), press(line, button), send({content, name, mime, image}), `reactions`,
// `service`. `more`: what else may be attached, [word, deed].
export function side(name, can, more = []) {
  const log = byId(`${name}-log`);
  const form = byId(`${name}-write`);
  const drawn = new Map();
  let place = "";
  let atEnd = true;
  let viewer = null;
  let answering = null; // {line, editing}

  function closeMenus() {
    for (const menu of log.querySelectorAll("details[open]")) menu.open = false;
  }

  function aim(line, editing) {
    answering = line && { line, editing };
    closeMenus();
    aimed.hidden = !line;
    if (line) {
      aimed.firstChild.textContent = `${word(editing ? "editing" : "replying")}: ${line.text.slice(0, 80)}`;
      box.value = editing ? line.text : box.value;
      box.focus();
    } else {
      box.value = "";
    }
  }

  function react(line, emoji) {
    const mine = line.reactions.find((given) => given.emoji === emoji)?.users.includes(viewer);
    can().react(line, mine ? null : emoji);
    closeMenus();
  }

  function acts() {
    const now = can();
    return {
      ...now,
      react: now.react && react,
      reply: now.reply !== false && ((line) => aim(line, false)),
      edit: now.edit && ((line) => aim(line, true)),
    };
  }

  const aimed = make("div", { class: "aimed", hidden: true }, make("span"),
    make("button", { type: "button", class: "quiet", onclick: () => aim(null) }, "✕"));
  const box = make("textarea", { rows: "1", maxlength: "4096", "data-placeholder": "message", "data-label": "message" });
  const file = make("input", { type: "file", hidden: true, "aria-hidden": "true", tabindex: "-1" });
  const choices = [["photo", () => file.click()], ...more].map(([label, deed]) => make("button", {
    type: "button", class: "quiet", "data-word": label, onclick: () => { menu.open = false; deed(); },
  }));
  const menu = make("details", { class: "attach" }, make("summary", { "data-label": "attach" }, "+"),
    make("div", { class: "menu" }, ...choices));

  file.addEventListener("change", async () => {
    const picked = file.files[0];
    if (!picked) return;
    const mime = picked.type || "application/octet-stream";
    can().send({ content: await base64(picked), name: picked.name, mime, image: mime.startsWith("image/") });
    file.value = "";
  });

  form.append(aimed, menu, file, box, make("button", { class: "send", "data-label": "send" }, "➤"));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = box.value.trim();
    if (!text) return;
    const sent = answering?.editing
      ? await can().edit(answering.line, text)
      : await can().say(text, answering?.line ?? null);
    if (sent) aim(null);
    grow();
  });
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      form.requestSubmit();
    }
    if (event.key === "Escape" && answering) aim(null);
  });
  const grow = () => { box.rows = Math.min(6, box.value.split("\n").length); };
  box.addEventListener("input", grow);

  // A picture has its height only when it has come.
  log.addEventListener("load", () => { if (atEnd) log.scrollTop = log.scrollHeight; }, true);

  return {
    // `where`: another chat, or another look at it, has another one. `who`: the id of the person who looks.
    draw(where, who, lines, empty) {
      const now = `${where}:${language.now}:${who}`;
      const fresh = now !== place;
      viewer = who;
      menu.hidden = !can().send;
      if (fresh) {
        log.setAttribute("aria-live", "off"); // another chat is no news
        log.replaceChildren();
        drawn.clear();
        if (place && answering) aim(null);
        place = now;
      }
      atEnd = fresh || log.scrollHeight - log.scrollTop - log.clientHeight < 80;
      const kept = new Set(lines.map((line) => line.id));
      for (const [id, old] of drawn) if (!kept.has(id)) { old.element.remove(); drawn.delete(id); }
      log.querySelector(".empty")?.remove();
      let before = null;
      for (const line of lines) {
        const text = JSON.stringify(line);
        let { text: old, element } = drawn.get(line.id) ?? {};
        if (old !== text) {
          const made = messageElement(line, who, acts());
          made.dataset.id = line.id;
          if (element) element.replaceWith(made);
          else if (before) before.after(made);
          else log.prepend(made);
          element = made;
          drawn.set(line.id, { text, element });
        }
        before = element;
      }
      if (!lines.length) log.append(make("p", { class: "empty" }, empty));
      if (atEnd) log.scrollTop = log.scrollHeight;
      if (fresh) requestAnimationFrame(() => log.setAttribute("aria-live", "polite"));
    },
    enable(possible) {
      for (const element of form.querySelectorAll("textarea, button")) element.disabled = !possible;
    },
  };
}
