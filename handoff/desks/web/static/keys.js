// The keyboard. Letters are taken by their place on the keyboard, so that they work in any layout.

import { openCanned, toggleMode, write } from "./composer.js";
import { correct } from "./correct.js";
import { by, el } from "./dom.js";
import { shownIds } from "./list.js";
import { act } from "./moves.js";
import { openPast } from "./past.js";
import { openPresence } from "./presence.js";
import { state } from "./state.js";
import { lastHeard } from "./talk.js";
import { undoLatest } from "./undo.js";
import { t } from "./words.js";

const KEYS = [
  ["Enter", "help.enter"],
  ["Shift+Enter", "help.shiftenter"],
  ["↑", "help.last"],
  ["/", "help.canned"],
  ["J K", "help.step"],
  ["R N", "help.write"],
  ["T C", "help.letters"],
  ["I", "help.intent"],
  ["P", "help.presence"],
  ["G", "help.floor"],
  ["Alt+N", "help.note"],
  ["//", "help.slashes"],
  ["Alt+T", "help.take"],
  ["Alt+R", "help.return"],
  ["Alt+X", "help.close.ticket"],
  ["Alt+Z", "help.undo"],
  ["Alt+H", "help.past"],
  ["Alt+↓ Alt+↑", "help.next"],
  ["Alt+F", "help.search"],
  ["Esc", "help.escape"],
  ["?", "help.help"],
];

let select = () => {};

export function startKeys(onSelect) {
  select = onSelect;
  by("help-open").addEventListener("click", showHelp);
  document.addEventListener("keydown", pressed);
}

function pressed(event) {
  if (by("desk").hidden || document.querySelector("dialog[open], [popover]:popover-open")) return;
  const typing = event.target.matches?.("input, textarea, select");
  if (event.altKey && !event.ctrlKey && !event.metaKey) {
    const done = ALT[event.code];
    if (!done) return;
    event.preventDefault();
    done();
  } else if (event.key === "?" && !typing) {
    event.preventDefault();
    showHelp();
  } else if (!typing && !event.ctrlKey && !event.metaKey && LETTERS[event.code] && !event.shiftKey) {
    event.preventDefault();
    LETTERS[event.code]();
  } else if (!typing && event.key === "/" && state.open) {
    event.preventDefault();
    openCanned();
  } else if (event.key === "Escape") {
    escape(event.target);
  }
}

/** Outside of fields a letter alone is enough. */
const LETTERS = {
  KeyJ: () => step(1),
  KeyK: () => step(-1),
  KeyR: () => write("reply"),
  KeyN: () => write("note"),
  KeyT: () => act("take"),
  KeyC: () => act("close"),
  KeyI: () => correct(lastHeard()),
  KeyP: openPresence,
  KeyG: () => by("floor-open").click(),
};

const ALT = {
  KeyZ: undoLatest,
  KeyH: openPast,
  KeyT: () => act("take"),
  KeyR: () => act("return"),
  KeyX: () => act("close"),
  KeyP: openPresence,
  KeyN: () => state.open && toggleMode(),
  KeyF: () => by("search").focus(),
  ArrowDown: () => step(1),
  ArrowUp: () => step(-1),
};

function step(by_) {
  const ids = shownIds();
  if (!ids.length) return;
  const at = ids.indexOf(state.open);
  select(ids[at < 0 ? (by_ > 0 ? 0 : ids.length - 1) : (at + by_ + ids.length) % ids.length]);
}

/** From the field to the timeline, from the timeline to the list. */
function escape(target) {
  if (target === by("search")) {
    by("search").value = "";
    by("search").dispatchEvent(new Event("input"));
  } else if (target === by("text")) {
    by("scroller").focus();
    return;
  } else if (document.body.dataset.pane === "card") {
    document.body.dataset.pane = "talk";
    return;
  }
  document.querySelector(".row[aria-current]")?.focus();
}

export function showHelp() {
  const lines = KEYS.flatMap(([keys, says]) => [
    el("dt", {}, ...keys.split(" ").map((key) => el("kbd", {}, key))),
    el("dd", {}, t(says)),
  ]);
  by("help-keys").replaceChildren(...lines);
  by("help").showModal();
}
