// The bubble on a shop's page. It opens the chat in a frame on the platform's own origin, so that
// the page can neither read nor restyle the conversation. "#accent", "#ink" and "#rules" are filled in by
// the server, which also leaves out comments and indentation. Commands: EstafetaChat.open(), or before the
// loader came (window.estafeta = window.estafeta || []).push(["open"]). See docs/protocols.md.
(() => {
  "use strict";
  const script = document.currentScript;
  const waiting = window.estafeta || [];
  if (!script || !Array.isArray(waiting)) return;
  let { key = "", language = "", identity = "" } = script.dataset;
  const { origin } = new URL(script.src);
  const WORDS = {
    ru: ["Чат", "Открыть чат", "Закрыть чат", "новых сообщений"],
    en: ["Chat", "Open chat", "Close chat", "new messages"],
  };
  // When the chat speaks first: [seconds, the page's address as an expression].
  const RULES = ["#rules"];
  const CSS = `
    :host{all:initial!important;position:fixed!important;inset:auto!important;inset-block-end:20px!important;
    inset-inline-end:20px!important;z-index:2147483000!important;display:block!important;overflow:visible!important}
    :host([hidden]){display:none!important}
    button{all:unset;box-sizing:border-box;position:relative;cursor:pointer}
    .bubble{display:grid;place-items:center;width:60px;height:60px;border-radius:50%;background:#accent;color:#ink;
    box-shadow:0 6px 20px #0004;transition:transform .2s}
    .bubble:hover{transform:translateY(-2px)}
    button:focus-visible{outline:3px solid #fff;box-shadow:0 0 0 6px #1f1a15}
    svg{width:28px;height:28px;fill:none;stroke:currentColor;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}
    b{position:absolute;inset-block-start:-4px;inset-inline-end:-4px;min-width:22px;box-sizing:border-box;padding:0 6px;
    border-radius:11px;background:#b3261e;color:#fff;border:2px solid #fff;font:700 12px/18px system-ui;text-align:center}
    b:empty{display:none}
    dialog,.tip{all:unset;position:fixed;inset-block-end:96px;inset-inline-end:20px;
    border-radius:22px;overflow:hidden;background:Canvas;color-scheme:light dark;
    box-shadow:0 6px 40px #0004;animation:in .2s ease-out}
    dialog{width:min(400px,calc(100vw - 40px));height:min(660px,calc(100vh - 116px))}
    .tip{box-sizing:border-box;max-width:min(280px,calc(100vw - 40px));padding:12px 18px;
    color:CanvasText;font:15px/1.4 system-ui}
    dialog:not([open]){display:none}
    iframe{display:block;width:100%;height:100%;border:0;color-scheme:light dark}
    @keyframes in{from{opacity:0;transform:translateY(12px)}}
    @media(max-width:668px){dialog{inset:0;width:100vw;height:100vh;height:100dvh;border-radius:0}
    .open{visibility:hidden}}
    @media(prefers-reduced-motion:reduce){*{transition:none;animation:none}}
    @media print{:host{display:none!important}}`;

  const phone = matchMedia("(max-width:668px)");
  const listeners = [];
  let words, frame, tip, rule, opened = false, ready = false, unread = 0;

  const SVG = "http://www.w3.org/2000/svg";
  const host = document.createElement("estafeta-chat");
  const root = host.attachShadow({ mode: "open" });
  const make = (name, parent) => parent.appendChild(document.createElement(name));
  const button = make("button", root);
  const path = button
    .appendChild(document.createElementNS(SVG, "svg"))
    .appendChild(document.createElementNS(SVG, "path"));
  path.parentNode.setAttribute("viewBox", "0 0 24 24");
  path.parentNode.setAttribute("aria-hidden", "true");
  const badge = make("b", button);
  const dialog = make("dialog", root);

  // Adopted sheets work on pages whose policy forbids inline style; browsers before 2023 have none.
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
    root.adoptedStyleSheets = [sheet];
  } catch {
    make("style", root).textContent = CSS;
  }

  function draw() {
    const label = words[opened ? 2 : 1];
    button.setAttribute("aria-label", unread && !opened ? `${label}, ${words[3]}: ${unread}` : label);
    button.setAttribute("aria-expanded", opened);
    button.className = opened ? "bubble open" : "bubble";
    path.setAttribute("d", opened ? "M6 9.5l6 6 6-6" : "M4 4h16v12h-8l-5 4v-4H4zM8 10h.01M12 10h.01M16 10h.01");
    const count = opened || !unread ? "" : unread > 99 ? "99+" : unread;
    badge.textContent = count;
    const title = document.title.replace(/^\(\d+\+?\) /, "");
    if (count || title !== document.title) document.title = (count && `(${count}) `) + title;
    dialog.setAttribute("aria-label", words[0]);
    if (frame) frame.title = words[0];
  }

  function speak(value) {
    language = value;
    words = WORDS[/^ru\b/i.test(value || navigator.language) ? "ru" : "en"];
    tell("language", { language });
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
        tell("hello", { identity });
      });
    }
    const query = new URLSearchParams({ key, language });
    frame.src = `${origin}/widget/frame?${query}`;
    draw();
  }

  function open() {
    if (opened) return;
    opened = true;
    host.hidden = false;
    if (tip) tip.remove();
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

  function show(text) {
    if (opened || tip) return;
    tip = make("button", root);
    tip.className = "tip";
    tip.dir = "auto";
    tip.textContent = text;
    tip.addEventListener("click", open);
  }

  const emit = (what, value) => listeners.forEach(([heard, listener]) => heard === what && listener(value));

  window.addEventListener("message", (event) => {
    if (event.origin !== origin || !frame || event.source !== frame.contentWindow || !event.data) return;
    const { estafeta: what, count, text } = event.data;
    if (what === "ready") {
      ready = true;
      tell(opened ? "shown" : "hidden");
      if (rule >= 0) tell("greet", { rule });
    } else if (what === "close") close();
    else if (what === "active") keep("");
    else if (what === "identity") emit(what);
    else if (what === "tip") {
      keep(":tip");
      show(text);
    } else if (what === "unread" && Number.isSafeInteger(count) && count !== unread) {
      unread = count;
      draw();
      emit(what, unread);
    }
  });
  button.addEventListener("click", () => (opened ? close() : open()));
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    close();
  });
  root.addEventListener("keydown", (event) => {
    if (event.key === "Escape") tip && !opened ? tip.remove() : close();
  });

  // Where the page has no storage, the chat just waits for a click.
  const flag = `estafeta:${key}`;
  function keep(what) {
    try {
      localStorage.setItem(flag + what, "1");
    } catch {}
  }
  function kept(what) {
    try {
      return localStorage.getItem(flag + what);
    } catch {}
  }

  const commands = {
    open,
    close,
    toggle: () => (opened ? close() : open()),
    show: () => (host.hidden = false),
    hide() {
      close();
      host.hidden = true;
    },
    language: speak,
    identify(token) {
      identity = token || "";
      tell("identity", { identity });
    },
    on(what, listener) {
      listeners.push([what, listener]);
      if (what === "unread" && unread) listener(unread);
    },
  };
  const push = ([name, ...more]) => {
    if (Object.hasOwn(commands, name)) commands[name](...more);
  };

  speak(language);
  window.estafeta = { push };
  window.EstafetaChat = commands;
  const start = () => {
    document.documentElement.append(host);
    waiting.forEach(push);
    if (kept("")) (window.requestIdleCallback || setTimeout)(load);
    else if (!kept(":tip"))
      RULES.some(([after, page], number) =>
        new RegExp(page).test(location) &&
        setTimeout(() => {
          if (frame) return;
          rule = number;
          load();
        }, after * 1000));
  };
  if (document.body) start();
  else document.addEventListener("DOMContentLoaded", start);
})();
