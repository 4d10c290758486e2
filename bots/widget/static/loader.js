// The bubble on a shop's page. It opens the chat in a frame on the platform's own origin, so that
// the page can neither read nor restyle the conversation. "#accent" and "#ink" are filled in by
// the server. Commands before and after loading: (window.estafeta = window.estafeta || []).push(["open"])
(() => {
  "use strict";
  const script = document.currentScript;
  const waiting = window.estafeta || [];
  if (!script || !Array.isArray(waiting)) return;
  const { key = "", language = "" } = script.dataset;
  const { origin } = new URL(script.src);
  const WORDS = {
    ru: ["Чат", "Открыть чат", "Закрыть чат", "новых сообщений"],
    en: ["Chat", "Open chat", "Close chat", "new messages"],
  };
  const CSS = `
:host{all:initial!important;position:fixed!important;inset-block-end:20px!important;inset-inline-end:20px!important;
z-index:2147483000!important;display:block!important}
:host([hidden]){display:none!important}
button{all:unset;box-sizing:border-box;position:relative;display:grid;place-items:center;width:60px;height:60px;
border-radius:50%;background:#accent;color:#ink;cursor:pointer;
box-shadow:0 6px 20px #0003,0 2px 6px #0002;transition:transform .18s}
button:hover{transform:translateY(-2px)}
button:focus-visible{outline:3px solid #fff;box-shadow:0 0 0 6px #1f1a15}
svg{width:28px;height:28px;fill:none;stroke:currentColor;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}
b{position:absolute;inset-block-start:-4px;inset-inline-end:-4px;min-width:22px;box-sizing:border-box;padding:0 6px;
border-radius:11px;background:#b3261e;color:#fff;border:2px solid #fff;font:700 12px/18px system-ui,sans-serif;text-align:center}
b:empty{display:none}
dialog{all:unset;position:fixed;inset-block-end:96px;inset-inline-end:20px;width:min(400px,calc(100vw - 40px));
height:min(660px,calc(100vh - 116px));border-radius:22px;overflow:hidden;background:Canvas;color-scheme:light dark;
box-shadow:0 18px 60px #0004,0 2px 10px #0002;animation:in .2s ease-out}
dialog:not([open]){display:none}
iframe{display:block;width:100%;height:100%;border:0;color-scheme:light dark}
@keyframes in{from{opacity:0;transform:translateY(12px)}}
@media(max-width:668px){dialog{inset:0;width:100vw;height:100vh;height:100dvh;border-radius:0}
.open{visibility:hidden}}
@media(prefers-reduced-motion:reduce){button,dialog{transition:none;animation:none}}
@media print{:host{display:none!important}}`;

  const phone = matchMedia("(max-width:668px)");
  const listeners = [];
  let words, frame, opened = false, ready = false, unread = 0;

  const SVG = "http://www.w3.org/2000/svg";
  const host = document.createElement("estafeta-chat");
  const root = host.attachShadow({ mode: "open" });
  const make = (name, parent) => parent.appendChild(document.createElement(name));
  const button = make("button", root);
  button.type = "button";
  const path = button
    .appendChild(document.createElementNS(SVG, "svg"))
    .appendChild(document.createElementNS(SVG, "path"));
  path.parentNode.setAttribute("viewBox", "0 0 24 24");
  path.parentNode.setAttribute("aria-hidden", "true");
  const badge = make("b", button);
  const dialog = make("dialog", root);

  // Adopted sheets work on pages whose policy forbids inline style.
  if (root.adoptedStyleSheets && "replaceSync" in CSSStyleSheet.prototype) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
    root.adoptedStyleSheets = [sheet];
  } else make("style", root).textContent = CSS;

  function draw() {
    const label = words[opened ? 2 : 1];
    button.setAttribute("aria-label", unread && !opened ? `${label}, ${words[3]}: ${unread}` : label);
    button.setAttribute("aria-expanded", opened);
    button.setAttribute("aria-haspopup", "dialog");
    button.className = opened ? "open" : "";
    path.setAttribute("d", opened ? "M6 9.5l6 6 6-6" : "M4 6.5A2.5 2.5 0 0 1 6.5 4h11A2.5 2.5 0 0 1 20 6.5v7a2.5 2.5 0 0 1-2.5 2.5H11l-4.5 4v-4A2.5 2.5 0 0 1 4 13.5zM8.5 10h.01M12 10h.01M15.5 10h.01");
    badge.textContent = opened || !unread ? "" : unread > 99 ? "99+" : unread;
    dialog.setAttribute("aria-label", words[0]);
    if (frame) frame.title = words[0];
  }

  function speak(value) {
    script.dataset.language = value;
    words = WORDS[/^ru\b/i.test(value || navigator.language) ? "ru" : "en"];
    tell("language", { language: value });
    draw();
  }

  function tell(what, more) {
    if (frame && (ready || what === "hello")) frame.contentWindow.postMessage({ estafeta: what, ...more }, origin);
  }

  // A frame that did not answer (no network) is fetched again at the next opening.
  function load() {
    if (ready) return;
    if (!frame) {
      frame = make("iframe", dialog);
      frame.addEventListener("load", () => {
        ready = false;
        tell("hello");
      });
    }
    const query = new URLSearchParams({ key, language: script.dataset.language || "" });
    frame.src = `${origin}/widget/frame?${query}`;
    draw();
  }

  function open() {
    if (opened) return;
    opened = true;
    host.hidden = false;
    load();
    if (phone.matches) dialog.showModal();
    else dialog.show();
    frame.focus();
    tell("shown");
    draw();
  }

  function close() {
    if (!opened) return;
    opened = false;
    dialog.close();
    tell("hidden");
    draw();
    button.focus();
  }

  window.addEventListener("message", (event) => {
    if (event.origin !== origin || !frame || event.source !== frame.contentWindow || !event.data) return;
    const { estafeta: what, count } = event.data;
    if (what === "ready") {
      ready = true;
      tell(opened ? "shown" : "hidden");
    } else if (what === "close") close();
    else if (what === "active") remember();
    else if (what === "unread" && Number.isSafeInteger(count) && count !== unread) {
      unread = count;
      draw();
      for (const listener of listeners) listener(unread);
    }
  });
  button.addEventListener("click", () => (opened ? close() : open()));
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    close();
  });
  root.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });

  const flag = `estafeta:${key}`;
  function remember() {
    try {
      localStorage.setItem(flag, "1");
    } catch {} // The page has no storage: the chat just waits for a click.
  }
  function spokeBefore() {
    try {
      return localStorage.getItem(flag);
    } catch {
      return null;
    }
  }

  const commands = {
    open,
    close,
    toggle: () => (opened ? close() : open()),
    show: () => (host.hidden = false),
    hide: () => {
      close();
      host.hidden = true;
    },
    language: speak,
    on: (what, listener) => what === "unread" && listeners.push(listener) && unread && listener(unread),
  };
  const push = ([name, ...more]) => {
    if (Object.hasOwn(commands, name)) commands[name](...more);
  };

  speak(language);
  window.estafeta = { push };
  const start = () => {
    document.documentElement.append(host);
    waiting.forEach(push);
    if (spokeBefore()) (window.requestIdleCallback || setTimeout)(load);
  };
  if (document.body) start();
  else document.addEventListener("DOMContentLoaded", start);
})();
