// What is around the chats: the people, the list beside the right-hand chat, both languages, the live connection.

import { byId, post, swap } from "./chat.js";
import { make } from "./message.js";
import { language, translatePage, word } from "./words.js";

export const chosen = { customer: 0, group: 0, topic: 0 };
export let state = null;
const seen = new Map(); // "place:id" -> last message shown, for the unread marks
let page = null;
let fetching = false;
let stale = false;

export function tool(where, name, deed) {
  const button = make("button", { type: "button", class: "quiet", "data-word": name, onclick: deed });
  byId(where).append(button);
  return button;
}

export function chip(name, pressed, deed, key) {
  return make("button", {
    type: "button", class: "chip", "aria-pressed": String(pressed), "data-key": key, onclick: deed,
  }, name);
}

function unread(place, last) {
  if (!seen.has(place)) seen.set(place, last);
  return last > seen.get(place);
}

// The customers as chips; returns the one that is chosen.
function drawCustomers() {
  const items = state.customers.map((customer) => {
    const current = customer.id === chosen.customer;
    if (current) seen.set(`c${customer.id}`, customer.last);
    const name = unread(`c${customer.id}`, customer.last) ? `${customer.name} •` : customer.name;
    return chip(name, current, () => { chosen.customer = customer.id; refresh(); }, customer.id);
  });
  items.push(make("button", { type: "button", class: "chip new", "data-key": "new", onclick: () => {
    const form = byId("new-customer");
    form.hidden = !form.hidden;
    if (!form.hidden) form.elements.name.focus();
  } }, word("newCustomer")));
  swap(byId("customers"), items);
  return state.customers.find((one) => one.id === chosen.customer);
}

function icon(topic) {
  const element = make("span", { class: "topic-icon", "aria-hidden": "true" }, topic.emoji || (topic.id ? "" : "#"));
  element.dataset.colour = topic.emoji || !topic.id ? "" : topic.colour;
  return element;
}

// The list on the right; returns its chosen entry.
function drawTopics(group) {
  byId("group-title").textContent = group?.title ?? word("groupSide");
  if (!group) return null;
  swap(byId("topics"), [...group.topics].sort((a, b) => b.last - a.last).map((topic) => {
    const current = topic.id === group.topic;
    if (current) seen.set(`t${topic.id}`, topic.last);
    return make("li", {}, make("button", {
      type: "button", "data-key": topic.id, "aria-current": current ? "true" : undefined,
      onclick: () => { chosen.topic = topic.id; document.body.dataset.topic = "open"; refresh(); },
    }, icon(topic),
    make("span", { class: "topic-text" },
      make("span", { class: "topic-name" }, topic.name || word("general"), topic.closed ? ` · ${word("closedNow")}` : ""),
      make("span", { class: "preview" }, topic.preview || " ")),
    unread(`t${topic.id}`, topic.last) ? make("span", { class: "unread", role: "img", "aria-label": "•" }) : null));
  }));
  const topic = group.topics.find((one) => one.id === group.topic) ?? null;
  byId("topic-title").replaceChildren(...(topic ? [icon(topic), make("span", {}, topic.name || word("general"))] : []));
  return topic;
}

function drawDoing(name, chat) {
  const element = byId(`${name}-doing`);
  const left = chat?.doing ? chat.doing_until * 1000 - Date.now() - (state.ahead ?? 0) : 0;
  element.textContent = left > 0 ? `${state.bot} ${word(chat.doing === "typing" ? "typing" : "sending")}` : "";
  if (left > 0) setTimeout(() => drawDoing(name, state[name]), left + 50);
}

export function draw() {
  if (!state) return;
  chosen.customer = state.customer?.id ?? 0;
  chosen.group = state.group?.id ?? 0;
  chosen.topic = state.group?.topic ?? 0;
  page.draw(drawCustomers(), drawTopics(state.group));
  drawDoing("customer", state.customer);
  drawDoing("group", state.group);
}

export async function refresh() {
  if (fetching) {
    stale = true;
    return;
  }
  fetching = true;
  try {
    do {
      stale = false;
      const query = new URLSearchParams({ ...chosen, ...page.query?.() });
      state = await (await fetch(`/fake/api/view?${query}`)).json();
    } while (stale);
    draw();
  } finally {
    fetching = false;
  }
}

function showLink(alive) {
  byId("link").textContent = word(alive ? "connected" : "lost");
  byId("link").dataset.alive = alive;
}

function translate() {
  translatePage();
  const names = { ru: "Русский", en: "English" };
  byId("language").textContent = names[language.other];
  byId("language").lang = language.other;
  showLink(byId("link").dataset.alive === "true");
  draw();
}

function showSide(name) {
  document.body.dataset.side = name;
  for (const tab of document.querySelectorAll(".sides button")) {
    tab.setAttribute("aria-pressed", String(tab.dataset.side === name));
  }
}

// `page`: draw(customer, topic), query() of what else is chosen, add(fields) is the act, and its body, that
// makes a customer.
export function start(given) {
  page = given;
  byId("language").addEventListener("click", () => {
    language.set(language.other);
    translate();
  });
  byId("new-customer").addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = event.target;
    const added = await post(...page.add(form.elements));
    if (!added) return;
    chosen.customer = added.id ?? added.person;
    form.reset();
    form.hidden = true;
    refresh();
  });
  byId("back").addEventListener("click", () => { document.body.dataset.topic = ""; });
  for (const tab of document.querySelectorAll(".sides button")) {
    tab.addEventListener("click", () => showSide(tab.dataset.side));
  }
  // Within the page of all messengers one side is shown, without what is around it.
  const alone = new URLSearchParams(location.search).get("side");
  if (alone) document.body.dataset.alone = alone;
  showSide(alone || "customer");
  translate();
  const events = new EventSource("/fake/api/events");
  events.addEventListener("message", () => { showLink(true); refresh(); });
  events.addEventListener("error", () => showLink(false));
}
