// The page: asks for what is there after every change and draws it anew. Texts are only ever set as text.

const WORDS = {
  ru: {
    title: "Стенд WhatsApp", notice: "Не настоящий WhatsApp: люди, ограничения и ошибки Cloud API на этой машине.",
    hour: "+1 час", day: "+24 часа", people: "Клиенты", name: "Имя клиента", add: "Добавить", log: "Чат",
    write: "Сообщение от клиента", send: "Отправить", read: "Прочитать", block: "Заблокировать",
    unblock: "Разблокировать", typing: "печатает…", open: "окно открыто до", closed: "окно закрыто: только шаблоны",
    edited: "изменено", answer: "в ответ на", app: "с телефона", like: "Реакция 👍",
  },
  en: {
    title: "WhatsApp stand-in", notice: "Not the real WhatsApp: the Cloud API's people, limits and errors on this machine.",
    hour: "+1 hour", day: "+24 hours", people: "Customers", name: "Customer's name", add: "Add", log: "Chat",
    write: "Message from the customer", send: "Send", read: "Read", block: "Block",
    unblock: "Unblock", typing: "typing…", open: "window open until", closed: "window closed: templates only",
    edited: "edited", answer: "in reply to", app: "from the phone", like: "React 👍",
  },
};
const language = (navigator.languages || []).find((name) => /^(ru|en)/.test(name))?.slice(0, 2) || "ru";
const word = (name) => WORDS[language][name];
const byId = (id) => document.getElementById(id);
const TICKS = { sent: "✓", delivered: "✓✓", read: "✓✓ 👁" };
let chosen = "";
let state = null;
let fetching = false;
let stale = false;

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick") element.addEventListener("click", value);
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

async function act(name, body) {
  const response = await fetch(`/fake/api/${name}`, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  });
  const answer = await response.json();
  byId("note").textContent = response.ok ? "" : answer.error;
  return response.ok ? answer : null;
}

const person = (more) => ({ person: chosen, ...more });

function drawPeople() {
  byId("people").replaceChildren(...state.people.map((one) => make("li", {}, make("button", {
    type: "button", "aria-pressed": String(one.id === chosen), onclick() { chosen = one.id; refresh(); },
  }, one.name))));
}

function drawMessage(message) {
  const marks = [message.author, message.from_app ? word("app") : "", message.edited ? word("edited") : "",
    message.by_business ? TICKS[message.status] || "" : message.seen ? TICKS.read : TICKS.delivered];
  const element = make("div", { class: message.by_business ? "message" : "message customer" },
    make("small", {}, marks.filter(Boolean).join(" · ")));
  const quoted = state.chat.messages.find((other) => other.id === message.reply_to);
  if (quoted) element.append(make("small", {}, `${word("answer")}: ${quoted.text.slice(0, 60)}`));
  element.append(message.text);
  if (message.reactions.length) element.append(make("small", {}, message.reactions.join(" ")));
  if (message.by_business) {
    const buttons = message.buttons.map((label) => make("button", {
      type: "button", onclick: () => act("press", person({ button: label, message: message.id })),
    }, label));
    const like = make("button", {
      type: "button", "aria-label": word("like"), onclick: () => act("react", person({ message: message.id, emoji: "👍" })),
    }, "👍");
    element.append(make("div", { class: "buttons" }, ...buttons, like));
  }
  return element;
}

function drawChat() {
  const chat = state.chat;
  const time = (seconds) => new Date(seconds * 1000).toLocaleString(language);
  byId("clock").textContent = time(state.now);
  byId("who").textContent = state.people.find((one) => one.id === chosen)?.name || "";
  byId("window").textContent = chat.open_until > state.now ? `${word("open")} ${time(chat.open_until)}` : word("closed");
  byId("block").textContent = word(chat.blocked ? "unblock" : "block");
  byId("typing").textContent = chat.typing ? word("typing") : "";
  const log = byId("log");
  const below = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  log.replaceChildren(...chat.messages.map(drawMessage));
  if (below) log.scrollTop = log.scrollHeight;
}

async function refresh() {
  if (fetching) { stale = true; return; }
  fetching = true;
  try {
    do {
      stale = false;
      const response = await fetch(`/fake/api/view?person=${encodeURIComponent(chosen)}`);
      if (!response.ok) { chosen = ""; stale = true; continue; }
      state = await response.json();
      if (!chosen && state.people.length) { chosen = state.people[0].id; stale = true; }
      drawPeople();
      if (state.chat) drawChat();
    } while (stale);
  } finally {
    fetching = false;
  }
}

document.documentElement.lang = language;
for (const element of document.querySelectorAll("[data-word]")) element.textContent = word(element.dataset.word);
for (const element of document.querySelectorAll("[data-label]")) element.setAttribute("aria-label", word(element.dataset.label));
for (const element of document.querySelectorAll("[data-placeholder]")) {
  element.placeholder = word(element.dataset.placeholder);
  element.setAttribute("aria-label", word(element.dataset.placeholder));
}
byId("hour").addEventListener("click", () => act("pass", { hours: 1 }));
byId("day").addEventListener("click", () => act("pass", { hours: 24 }));
byId("read").addEventListener("click", () => act("do", person({ do: "read" })));
byId("block").addEventListener("click", () => act("do", person({ do: state.chat.blocked ? "unblock" : "block" })));
byId("say").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  if (await act("say", person({ text: form.text.value }))) form.reset();
});
byId("meet").addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = await act("person", { name: event.target.elements.name.value });
  if (answer) { chosen = answer.person; event.target.reset(); refresh(); }
});
new EventSource("/fake/api/events").addEventListener("message", refresh);
