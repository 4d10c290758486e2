// Logging in: the one-time code comes in the address's fragment and leaves it at once.

import { api } from "./api.js";
import { by, keep, kept } from "./dom.js";
import { fillPage, t } from "./words.js";

const NAME = "estafeta.desk.name";

let code = "";
/** The code is one member's, who is known by it. */
let personal = false;
let says = "login.none";
let done = () => {};

/** Takes the code out of the address bar and the history. */
export function takeCode() {
  const match = /^#login=([\w-]{1,200})(&known)?$/.exec(location.hash);
  if (!match) return;
  code = match[1];
  personal = Boolean(match[2]);
  history.replaceState(null, "", location.pathname + location.search);
}

export function startLogin(onDone) {
  done = onDone;
  by("login-form").addEventListener("submit", (event) => {
    event.preventDefault();
    logIn();
  });
}

/** `reason`: why there is no session, as a sentence's key; said when there is no code to try. */
export function showLogin(reason = says) {
  by("desk").hidden = true;
  by("login").hidden = false;
  says = reason;
  by("login-error").textContent = "";
  by("login-name").value = kept(localStorage, NAME, "");
  drawLogin();
  if (code) by(personal ? "login-go" : "login-name").focus();
}

export function drawLogin() {
  fillPage();
  by("login-fields").hidden = !code;
  by("login-who").hidden = personal;
  by("login-says").textContent = t(code ? (personal ? "login.known" : "login.ready") : says);
}

async function logIn() {
  const name = personal ? "" : by("login-name").value.trim();
  if (!name && !personal) {
    by("login-error").textContent = t("login.empty");
    by("login-name").focus();
    return;
  }
  by("login-go").disabled = true;
  by("login-error").textContent = "";
  try {
    await api.login(code, name);
    if (name) keep(localStorage, NAME, name);
    code = "";
    by("login").hidden = true;
    await done();
  } catch (error) {
    if (error.status === 403) {
      code = "";
      says = "login.again";
      drawLogin();
    }
    by("login-error").textContent = error.message;
  } finally {
    by("login-go").disabled = false;
  }
}
