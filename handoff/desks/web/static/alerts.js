// Calling attention to a new waiting ticket: the tab's title, and if wanted a notification and a sound.

import { by, keep, kept, toast } from "./dom.js";
import { on, state } from "./state.js";
import { nameOf, t } from "./words.js";

const KEYS = { notices: "estafeta.desk.notices", sound: "estafeta.desk.sound" };

let known = null;
let audio = null;
let open = () => {};

export function startAlerts(onOpen) {
  open = onOpen;
  by("want-notices").checked = kept(localStorage, KEYS.notices, false) && globalThis.Notification?.permission === "granted";
  by("want-sound").checked = kept(localStorage, KEYS.sound, false);
  by("want-notices").addEventListener("change", askPermission);
  by("want-sound").addEventListener("change", () => {
    keep(localStorage, KEYS.sound, by("want-sound").checked);
    if (by("want-sound").checked) ring();
  });
  on("rows", look);
}

async function askPermission() {
  const box = by("want-notices");
  if (box.checked && (await globalThis.Notification?.requestPermission()) !== "granted") {
    box.checked = false;
    toast(t("notices.denied"), "info");
  }
  keep(localStorage, KEYS.notices, box.checked);
}

export function look() {
  const queued = [...state.rows.values()].filter((row) => row.stage === "queued");
  const unanswered = [...state.rows.values()].filter((row) => row.mine && row.waiting).length;
  document.title = queued.length + unanswered ? `(${queued.length + unanswered}) Estafeta` : "Estafeta";
  by("counts").textContent = queued.length ? t("counts", { n: queued.length }) : t("counts.none");
  by("counts").classList.toggle("some", queued.length > 0);
  if (!state.loaded) return;
  const fresh = known === null ? [] : queued.filter((row) => !known.has(row.id));
  known = new Set(queued.map((row) => row.id));
  if (fresh.length) call(fresh);
}

function call(rows) {
  for (const row of rows) show(row.id, t("notices.new", { name: nameOf(row.name, row.id) }), row.request || row.last?.text || "");
  if (by("want-sound").checked) ring();
}

/** News of a conversation for who looks elsewhere. */
export function callOut(id, words) {
  show(id, words, "");
  if (by("want-sound").checked) ring();
}

/** Outside of the page, if that is wanted and nobody looks at it. */
function show(id, title, body) {
  if (!by("want-notices").checked || document.visibilityState === "visible") return;
  const notice = new Notification(title, { body, tag: id });
  notice.onclick = () => {
    window.focus();
    open(id);
    notice.close();
  };
}

/** Two short soft tones; made here, so there is no file to load. */
function ring() {
  audio ??= new AudioContext();
  [660, 880].forEach((pitch, index) => {
    const start = audio.currentTime + index * 0.16;
    const tone = new OscillatorNode(audio, { frequency: pitch });
    const loudness = new GainNode(audio, { gain: 0 });
    loudness.gain.setValueAtTime(0, start);
    loudness.gain.linearRampToValueAtTime(0.12, start + 0.02);
    loudness.gain.exponentialRampToValueAtTime(0.001, start + 0.3);
    tone.connect(loudness).connect(audio.destination);
    tone.start(start);
    tone.stop(start + 0.32);
  });
}
