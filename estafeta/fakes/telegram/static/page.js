// The page: asks for what is there after every change, keeps elements of unchanged messages.

import { make, messageElement } from "./message.js";
import { language, translatePage, word } from "./words.js";

const chosen = { customer: 0, group: 0, topic: 0, operator: Number(sessionStorage.getItem("operator")) || 0 };
const pressed = new Map(); // id of a press made here -> true, until its answer was shown
const seen = new Map(); // "place:id" -> last message shown, for the unread marks
const byId = (id) => document.getElementById(id);
let state = null;
let fetching = false;
let stale = false;

async function post(act, body) {
  const response = await fetch(`/fake/api/${act}`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) note(answer.error, true);
  return response.ok ? answer : null;
}

function note(text, alarming = false) {
  const element = make("p", { class: alarming ? "note alarming" : "note" }, text);
  byId("notes").append(element);
  setTimeout(() => element.remove(), 6000);
}

// One side's log and the box to write into: `who()` is the chat, the person and the topic that act.
function side(name, who) {
  const log = byId(`${name}-log`);
  const form = byId(`${name}-write`);
  const drawn = new Map();
  let place = "";
  let answering = null; // {line, editing}

  const acts = {
    async press(message, button) {
      const answer = await post("press", { ...me(), message, button });
      if (answer) pressed.set(answer.press, true);
    },
    react(line, emoji) {
      const mine = line.reactions.find((given) => given.emoji === emoji)?.users.includes(who().user);
      post("react", { ...me(), message: line.id, emoji: mine ? [] : [emoji] });
      closeMenus();
    },
    reply(line) { aim(line, false); },
    edit(line) { aim(line, true); },
    remove(line) { post("delete", { ...me(), message: line.id }); },
  };

  function me() {
    const { chat, user } = who();
    return { chat, user };
  }

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

  const aimed = make("div", { class: "aimed", hidden: true }, make("span"),
    make("button", { type: "button", class: "quiet", onclick: () => aim(null) }, "✕"));
  const box = make("textarea", { rows: "1", maxlength: "4096", "data-placeholder": "message", "data-label": "message" });
  const file = make("input", { type: "file", hidden: true, "aria-hidden": "true", tabindex: "-1" });
  const menu = make("details", { class: "attach" },
    make("summary", { "data-label": "attach" }, "+"),
    make("div", { class: "menu" },
      make("button", { type: "button", class: "quiet", "data-word": "photo", onclick: () => file.click() }),
      make("button", { type: "button", class: "quiet", "data-word": "location", onclick: () => quick("location", { latitude: 55.7522, longitude: 37.6156 }) }),
      make("button", { type: "button", class: "quiet", "data-word": "contact", onclick: () => quick("contact", { phone: "+70000000000" }) }),
      make("button", { type: "button", class: "quiet", "data-word": "sticker", onclick: () => quick("send", { kind: "sticker" }) })));

  function quick(act, body) {
    menu.open = false;
    post(act, { ...me(), topic: who().topic, ...body });
  }

  file.addEventListener("change", async () => {
    const picked = file.files[0];
    if (!picked) return;
    const bytes = new Uint8Array(await picked.arrayBuffer());
    let text = "";
    for (let n = 0; n < bytes.length; n += 8192) text += String.fromCharCode(...bytes.subarray(n, n + 8192));
    const kind = picked.type.startsWith("image/") ? "photo" : "document";
    quick("send", { kind, content: btoa(text), name: picked.name, mime: picked.type || "application/octet-stream" });
    file.value = "";
  });

  form.append(aimed, menu, file, box, make("button", { class: "send", "data-label": "send" }, "➤"));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = box.value.trim();
    if (!text) return;
    const { chat, user, topic, anonymous } = who();
    const sent = answering?.editing
      ? await post("edit", { chat, user, message: answering.line.id, text })
      : await post("say", { chat, user, topic, text, anonymous, reply_to: anonymous ? null : answering?.line.id ?? null });
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
  document.addEventListener("click", (event) => {
    for (const open of document.querySelectorAll("details[open]")) if (!open.contains(event.target)) open.open = false;
  });

  return {
    draw(chat, empty) {
      const now = `${chat?.id ?? 0}:${who().topic}:${language.now}:${who().user}`;
      const fresh = now !== place;
      if (fresh) {
        log.setAttribute("aria-live", "off"); // another chat is no news
        log.replaceChildren();
        drawn.clear();
        place = now;
      }
      const lines = chat?.messages ?? [];
      const atEnd = fresh || log.scrollHeight - log.scrollTop - log.clientHeight < 80;
      const kept = new Set(lines.map((line) => line.id));
      for (const [id, old] of drawn) if (!kept.has(id)) { old.element.remove(); drawn.delete(id); }
      log.querySelector(".empty")?.remove();
      for (const line of lines) {
        const text = JSON.stringify(line);
        const old = drawn.get(line.id);
        if (old?.text === text) continue;
        const element = messageElement(line, who().user, acts);
        element.dataset.id = line.id;
        if (old) old.element.replaceWith(element);
        else log.append(element);
        drawn.set(line.id, { text, element });
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

const customerSide = side("customer", () => ({ chat: chosen.customer, user: chosen.customer, topic: 0 }));
const groupSide = side("group", () => ({
  chat: chosen.group, user: chosen.operator, topic: chosen.topic, anonymous: byId("anonymous")?.checked ?? false,
}));
const operators = make("select", { id: "operators", "data-label": "writeAs", onchange: () => {
  chosen.operator = Number(operators.value);
  sessionStorage.setItem("operator", operators.value);
  draw();
} });
byId("group-write").prepend(make("div", { class: "as" },
  make("label", {}, make("span", { "data-word": "writeAs" }), " ", operators),
  make("label", {}, make("input", { type: "checkbox", id: "anonymous" }), " ", make("span", { "data-word": "anonymous" }))));

function unread(place, last) {
  if (!seen.has(place)) seen.set(place, last);
  return last > seen.get(place);
}

function drawCustomers() {
  const list = byId("customers");
  const items = state.customers.map((customer) => {
    const current = customer.id === chosen.customer;
    if (current) seen.set(`c${customer.id}`, customer.last);
    const name = unread(`c${customer.id}`, customer.last) ? `${customer.name} •` : customer.name;
    return make("button", { type: "button", class: "chip", "aria-pressed": String(current), "data-key": customer.id,
      onclick: () => { chosen.customer = customer.id; refresh(); } }, name);
  });
  items.push(make("button", { type: "button", class: "chip new", "data-key": "new", onclick: () => {
    const form = byId("new-customer");
    form.hidden = !form.hidden;
    if (!form.hidden) form.elements.name.focus();
  } }, word("newCustomer")));
  swap(list, items);
  const customer = state.customers.find((one) => one.id === chosen.customer);
  byId("block").hidden = !customer;
  byId("block").textContent = word(customer?.blocked ? "unblock" : "block");
  customerSide.enable(Boolean(customer) && !customer.blocked);
  return customer;
}

// Replaces children and keeps the focus on the one that had it.
function swap(parent, children) {
  const focused = parent.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  parent.replaceChildren(...children);
  if (focused) parent.querySelector(`[data-key="${focused}"]`)?.focus();
}

function drawGroup() {
  const group = state.group;
  byId("group-title").textContent = group?.title ?? word("groupSide");
  if (!group) return;
  swap(byId("topics"), [...group.topics].sort((a, b) => b.last - a.last).map((topic) => {
    const current = topic.id === group.topic;
    if (current) seen.set(`t${topic.id}`, topic.last);
    return make("li", {}, make("button", {
      type: "button", "data-key": topic.id, "aria-current": current ? "true" : undefined,
      onclick: () => { chosen.topic = topic.id; document.body.dataset.topic = "open"; refresh(); },
    }, topicIcon(topic),
    make("span", { class: "topic-text" },
      make("span", { class: "topic-name" }, topic.name || word("general"), topic.closed ? ` · ${word("closedNow")}` : ""),
      make("span", { class: "preview" }, topic.preview || " ")),
    unread(`t${topic.id}`, topic.last) ? make("span", { class: "unread", role: "img", "aria-label": "•" }) : null));
  }));
  const topic = group.topics.find((one) => one.id === group.topic);
  byId("topic-title").replaceChildren(topicIcon(topic), make("span", {}, topic.name || word("general")));
  byId("close-topic").hidden = byId("delete-topic").hidden = !topic.id;
  byId("close-topic").textContent = word(topic.closed ? "reopenTopic" : "closeTopic");
  const people = group.people.map((person) => make("option", { value: person.id }, person.name));
  if (operators.dataset.people !== JSON.stringify(group.people)) {
    operators.replaceChildren(...people);
    operators.dataset.people = JSON.stringify(group.people);
  }
  operators.value = chosen.operator;
}

function topicIcon(topic) {
  const icon = make("span", { class: "topic-icon", "aria-hidden": "true" }, topic.emoji || (topic.id ? "" : "#"));
  icon.dataset.colour = topic.emoji || !topic.id ? "" : topic.colour;
  return icon;
}

function drawDoing(name, chat) {
  const element = byId(`${name}-doing`);
  const left = chat?.doing ? chat.doing_until * 1000 - Date.now() : 0;
  element.textContent = left > 0 ? `${state.bot} ${word(chat.doing === "typing" ? "typing" : "sending")}` : "";
  if (left > 0) setTimeout(() => drawDoing(name, state[name]), left + 50);
}

function draw() {
  if (!state) return;
  chosen.customer = state.customer?.id ?? 0;
  chosen.group = state.group?.id ?? 0;
  chosen.topic = state.group?.topic ?? 0;
  const people = state.group?.people ?? [];
  if (!people.some((person) => person.id === chosen.operator)) chosen.operator = (people[1] ?? people[0])?.id ?? 0;
  const customer = drawCustomers();
  drawGroup();
  const empty = customer ? (customer.blocked ? "blockedNow" : "emptyCustomer") : "noCustomers";
  customerSide.draw(state.customer, word(empty));
  groupSide.draw(state.group, word("emptyTopic"));
  drawDoing("customer", state.customer);
  drawDoing("group", state.group);
  for (const answer of state.answers) {
    if (pressed.delete(answer.id) && answer.text) note(answer.text, answer.show_alert);
  }
}

async function refresh() {
  if (fetching) {
    stale = true;
    return;
  }
  fetching = true;
  try {
    do {
      stale = false;
      const query = new URLSearchParams({ customer: chosen.customer, group: chosen.group, topic: chosen.topic });
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
  byId("language").textContent = language.now === "ru" ? "English" : "Русский";
  byId("language").lang = language.now === "ru" ? "en" : "ru";
  showLink(byId("link").dataset.alive === "true");
  draw();
}

byId("language").addEventListener("click", () => {
  language.set(language.now === "ru" ? "en" : "ru");
  translate();
});
byId("new-customer").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const added = await post("customer", { name: form.elements.name.value, language: form.elements.language.value });
  if (!added) return;
  chosen.customer = added.id;
  form.reset();
  form.hidden = true;
  refresh();
});
byId("block").addEventListener("click", () => {
  const customer = state.customers.find((one) => one.id === chosen.customer);
  post("block", { chat: customer.id, blocked: !customer.blocked });
});
byId("close-topic").addEventListener("click", () => {
  const topic = state.group.topics.find((one) => one.id === chosen.topic);
  post("topic", { chat: chosen.group, user: chosen.operator, topic: topic.id, do: topic.closed ? "reopen" : "close" });
});
byId("delete-topic").addEventListener("click", () => {
  post("topic", { chat: chosen.group, user: chosen.operator, topic: chosen.topic, do: "delete" });
});
byId("back").addEventListener("click", () => { document.body.dataset.topic = ""; });
for (const tab of document.querySelectorAll(".sides button")) {
  tab.addEventListener("click", () => {
    document.body.dataset.side = tab.dataset.side;
    for (const other of document.querySelectorAll(".sides button")) other.setAttribute("aria-pressed", String(other === tab));
  });
  tab.setAttribute("aria-pressed", String(tab.dataset.side === "customer"));
}

translate();
const events = new EventSource("/fake/api/events");
events.addEventListener("message", () => { showLink(true); refresh(); });
events.addEventListener("error", () => showLink(false));
