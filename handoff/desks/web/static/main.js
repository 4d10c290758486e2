// The desk's start, and the ways between its parts: what is fetched when, what is open, who is logged in.

import { callOut, look, startAlerts } from "./alerts.js";
import { api, whenLoggedOut } from "./api.js";
import * as canned from "./canned.js";
import * as card from "./card.js";
import * as composer from "./composer.js";
import { bdi, by, keep, kept, toast } from "./dom.js";
import * as floor from "./floor.js";
import { startForm } from "./form.js";
import { startKeys } from "./keys.js";
import * as list from "./list.js";
import { Live } from "./live.js";
import { startMenu } from "./menu.js";
import { drawLogin, showLogin, startLogin, takeCode } from "./login.js";
import * as moves from "./moves.js";
import { hear, startNews } from "./news.js";
import { startPast } from "./past.js";
import { startPresence } from "./presence.js";
import { belongs, emit, on, openRow, skill, state } from "./state.js";
import * as talk from "./talk.js";
import { startTemplate } from "./template.js";
import * as undelivered from "./undelivered.js";
import { sentNow } from "./undo.js";
import { unsent } from "./unsent.js";
import { fillPage, language, nameOf, setLanguage, shortWhen, t, when } from "./words.js";

const THEME = "estafeta.desk.theme";
const OVER = "estafeta.desk.over";
const RETRY = 2000;
const LONGEST = 60000;
let started = false;

const live = new Live({
  hello: () => {
    unsent.kick();
    refreshAll();
    quietly(canned.refresh());
  },
  missed: refreshAll,
  changed: refresh,
  typing: talk.showTyping,
  state: drawLine,
  // The handshake's status is hidden from scripts: whether the session is over is asked by a request.
  refused: () => api.me().catch(() => {}),
});

// --- what is open -------------------------------------------------------------------------------------

function openedId() {
  const match = /^#c=([A-Za-z0-9._-]{1,80})$/.exec(location.hash);
  return match ? match[1] : "";
}

function select(id) {
  if (id === state.open) showPane("talk");
  else location.hash = `c=${id}`;
}

async function follow() {
  if (!floor.follow(location.hash)) return;
  const id = openedId();
  if (id === state.open) return;
  state.open = id;
  state.gone = false;
  talk.forget();
  showPane(id ? "talk" : "list");
  emit("open");
  drawHead();
  if (!id) return;
  if (matchMedia("(min-width: 721px)").matches) by("text").focus();
  await Promise.all([refreshOne(id), quietly(talk.load(id), id)]);
}

function showPane(pane) {
  document.body.dataset.pane = pane;
}

// --- what is fetched ----------------------------------------------------------------------------------

/** `lacks`: the conversation that is asked for again if nobody answers now, "" for everything. */
async function quietly(promise, lacks = null) {
  try {
    await promise;
  } catch (error) {
    if (error.status !== 404) failed(error, lacks);
  }
}

function failed(error, lacks) {
  if (error.status === undefined) throw error;
  if (error.status !== 401) toast(error.message);
  if (error.passing && lacks !== null) askAgain(lacks);
}

/** What could not be read, by its id: how often it was tried, and whether it is about to be tried again. */
const lacking = new Map();

/** What changed is told once: what could not be read then is asked for until it is had. */
function askAgain(id) {
  const { tries, soon } = lacking.get(id) ?? { tries: 0, soon: false };
  if (soon) return;
  lacking.set(id, { tries: tries + 1, soon: true });
  const again = () => {
    lacking.set(id, { tries: tries + 1, soon: false });
    // Whoever connects asks for everything.
    if (!live.connected) lacking.delete(id);
    else if (id) refresh(id);
    else refreshAll();
  };
  // By chance, so that a server that is back is not met by everybody at once.
  setTimeout(again, Math.min(LONGEST, RETRY * 2 ** tries) * (1 + Math.random()));
}

function had(id) {
  if (!lacking.get(id)?.soon) lacking.delete(id);
}

// Answers may overtake each other. Requests are numbered, and of two the answer to the later one counts: a change is
// told when it is stored, so whichever answer lacks it was asked for before one that has it.
let asked = 0;
let listed = 0;
const read = new Map();

async function refreshAll() {
  await quietly(
    (async () => {
      const turn = ++asked;
      const { conversations } = await api.conversations();
      had("");
      if (turn > listed) takeList(conversations, turn);
      emit("rows");
      drawHead();
      await Promise.all([undelivered.refresh(), state.open && refreshOne(state.open), state.open && talk.more(state.open)]);
    })(),
    "",
  );
}

/** All rows anew, but those that were asked for after the list. */
function takeList(conversations, turn) {
  const before = state.rows;
  listed = turn;
  state.rows = new Map(conversations.map((row) => [row.id, row]));
  for (const [id, at] of read) {
    if (at < turn) continue;
    if (before.has(id)) state.rows.set(id, before.get(id));
    else state.rows.delete(id);
  }
  state.loaded = true;
}

async function refresh(id) {
  await Promise.all([refreshOne(id), id === state.open ? quietly(talk.more(id), id) : null]);
}

/** One conversation anew. */
async function refreshOne(id) {
  const turn = ++asked;
  let found = null;
  try {
    found = await api.conversation(id);
  } catch (error) {
    if (error.status !== 404 && error.status !== 400) return failed(error, id);
  }
  had(id);
  if (turn < (read.get(id) ?? 0)) return;
  read.set(id, turn);
  if (found) {
    const before = state.rows.get(id)?.undelivered ?? 0;
    if (turn > listed) state.rows.set(id, found.row);
    if (id === state.open) opened(found);
    const news = hear(found);
    if (news) callOut(id, news);
    if (before || found.row.undelivered) quietly(undelivered.refresh(), "");
  } else if (turn > listed) {
    state.rows.delete(id);
    if (id === state.open) state.gone = true;
  }
  emit("rows");
  if (id === state.open) drawHead();
}

/** What is known of the open conversation besides its row and its timeline. */
function opened(found) {
  state.card = found.card;
  state.can = found.can;
  state.canAt = Date.now();
  state.waiting = new Map(found.undelivered.map(({ seq, item }) => [seq, item]));
  emit("card");
  emit("can");
  for (const { message, name } of found.conflicts) unsent.conflict(found.row.id, message, name);
}

// --- what is above and around -------------------------------------------------------------------------

function drawHead() {
  const row = openRow();
  by("talk").hidden = !row;
  by("nothing").hidden = Boolean(row) || Boolean(state.open && !state.gone);
  const quiet = state.loaded && ![...state.rows.values()].some((other) => other.stage !== "bot");
  const nothing = state.gone ? "nothing.gone" : quiet ? "nothing.quiet" : "nothing";
  by("nothing-title").textContent = t(nothing === "nothing" ? "nothing.title" : nothing);
  by("nothing-text").textContent = t(`${nothing}.text`);
  if (!row) return;
  by("talk-name").textContent = nameOf(row.name, row.id);
  const whose = belongs(row);
  by("talk-state").dataset.whose = whose;
  by("talk-state").replaceChildren(
    bdi(t(`state.${whose}`, { name: row.assignee }), { class: "badge" }),
    row.skill ? bdi(skill(row.skill)) : "",
    row.state === "held" && row.held_until ? t("row.held", { time: when(row.held_until) }) : "",
    row.answer_by && row.state !== "held" ? aimed(row) : "",
    ...row.tags.map((tag) => bdi(tag, { class: "tag" })),
    row.blocked ? bdi(t("row.blocked"), { class: "badge late" }) : "",
    row.unreachable ? bdi(t("state.unreachable"), { class: "badge late" }) : "",
  );
}

/** The state that a line above the timeline has room for: until when people aim to answer. */
function aimed(row) {
  const late = Date.parse(row.answer_by) < Date.now();
  return bdi(t(late ? "state.late" : "state.by", { time: shortWhen(row.answer_by) }), { class: late ? "late-text" : "" });
}

function drawLine(connected, seconds) {
  by("line").hidden = connected;
  by("line").textContent = connected ? "" : t(seconds > 0 ? "line.lost" : "line.trying", { n: seconds });
}

function translate() {
  fillPage();
  drawLogin();
  if (!state.me) return;
  composer.translate();
  list.draw();
  card.draw();
  talk.redraw();
  drawHead();
  look();
  emit("rows");
  emit("can");
  emit("language");
}

function applyTheme() {
  const theme = kept(localStorage, THEME, "auto");
  document.documentElement.dataset.theme = theme;
  for (const box of document.querySelectorAll('[name="theme"]')) box.checked = box.value === theme;
}

// --- who is logged in ---------------------------------------------------------------------------------

async function enter() {
  const me = await api.me();
  state.me = me;
  by("me").textContent = state.me.name;
  keep(sessionStorage, OVER, null);
  by("login").hidden = true;
  by("desk").hidden = false;
  if (!started) {
    started = true;
    list.startList(select);
    talk.startTalk();
    card.startCard();
    startForm();
    moves.startActions();
    startPast();
    floor.startFloor();
    composer.startComposer();
    startMenu();
    startTemplate();
    undelivered.startUndelivered(select);
    startAlerts(select);
    startNews(select);
    startKeys(select);
    startPresence();
    on("rows", drawHead);
    on("reach", talk.reach);
    addEventListener("hashchange", follow);
  }
  unsent.open(state.me.id, () => emit("unsent"), sentNow);
  translate();
  live.start();
  await follow();
  drawHead();
}

/** After a log-out or the session's end the page begins anew: nothing read stays in it. */
function over() {
  live.stop();
  keep(sessionStorage, OVER, true);
  location.reload();
}

async function leave() {
  try {
    await api.logout();
  } catch (error) {
    if (error.status !== 401) return toast(error.message);
  }
  unsent.forget();
  sessionStorage.clear();
  history.replaceState(null, "", location.pathname);
  over();
}

whenLoggedOut(() => {
  if (state.me) return over();
  showLogin(kept(sessionStorage, OVER, false) ? "login.over" : "login.none");
});

async function start() {
  takeCode();
  applyTheme();
  fillPage();
  startLogin(enter);
  for (const button of document.querySelectorAll("[data-language-switch]")) {
    button.addEventListener("click", () => {
      setLanguage(language() === "ru" ? "en" : "ru");
      translate();
    });
  }
  for (const box of document.querySelectorAll('[name="theme"]')) {
    box.addEventListener("change", () => {
      keep(localStorage, THEME, box.value);
      applyTheme();
    });
  }
  addEventListener("hashchange", () => {
    if (!location.hash.startsWith("#login=")) return;
    takeCode();
    if (!state.me) showLogin();
  });
  by("logout").addEventListener("click", leave);
  by("back").addEventListener("click", () => (location.hash = ""));
  by("card-open").addEventListener("click", () => showPane(document.body.dataset.pane === "card" ? "talk" : "card"));
  by("card-close").addEventListener("click", () => showPane("talk"));
  await enterSomehow();
}

/** The desk, the log-in, or another try in a while when the server does not answer. */
async function enterSomehow() {
  try {
    await enter();
    drawLine(true, 0);
  } catch (error) {
    if (error.status === undefined) throw error;
    if (error.status === 401) return;
    drawLine(false, RETRY / 1000);
    setTimeout(enterSomehow, RETRY);
  }
}

start();
