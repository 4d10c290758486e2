// VK's page: a customer's messages with the community and its wall, beside what the community's administrator sees.

import { byId, note, post, side, swap } from "./chat.js";
import { chip, chosen, refresh, start, state, tool } from "./frame.js";
import { keyboard, make } from "./message.js";
import { speak, word } from "./words.js";
import { WORDS } from "./own-words.js";

speak(WORDS);

const pressed = new Map(); // id of a press made here -> true, until its answer was shown
let place = 0; // 0: the customer's messages; otherwise a post on the wall
const me = (more) => ({ community: chosen.group, person: chosen.customer, ...more });
const commented = (line) => (line && line.id !== "post" ? line.id : null);

async function press(button, message) {
  const answer = await post("press", me({ button: button.press, message }));
  if (answer?.press) pressed.set(answer.press, true);
}

const inMessages = {
  service: ({ kind }) => kind,
  say: (text, line) => post("say", me({ text, reply_to: line?.id ?? null })),
  edit: (line, text) => post("edit", me({ message: line.id, text })),
  remove: (line) => post("delete", me({ message: line.id })),
  react: (line, emoji) => post("react", me({ message: line.id, emoji })),
  press: (line, button) => press(button, line.id),
  send: ({ content, name, image }) => post("send", me({ kind: image ? "photo" : "doc", content, name })),
};
const onWall = {
  say: (text, line) => post("comment", me({ post: place, text, reply_to: commented(line) })),
  edit: (line, text) => post("edit-comment", me({ comment: line.id, text })),
  remove: (line) => post("delete-comment", me({ comment: line.id })),
};
const inMessagesOfCommunity = {
  service: ({ kind }) => kind,
  reply: false,
  say: (text) => post("answer", { community: chosen.group, person: chosen.topic, text }),
};
const onWallOfCommunity = {
  say: (text, line) =>
    post("answer-comment", { community: chosen.group, post: -chosen.topic, text, reply_to: commented(line) }),
};

const customerSide = side("customer",
  () => (place ? onWall : { ...inMessages, reactions: state.reactions }), [
    ["location", () => post("location", me({ latitude: 55.7522, longitude: 37.6156 }))],
    ["voiceMessage", () => post("send", me({ kind: "audio_message" }))],
    ["sticker", () => post("send", me({ kind: "sticker" }))],
  ]);
const groupSide = side("group", () => (chosen.topic < 0 ? onWallOfCommunity : inMessagesOfCommunity));

const places = make("div", { class: "people", id: "places", role: "group", "data-label": "places" });
byId("customer-log").before(places);
const keys = make("div", { id: "customer-keyboard", role: "group", "data-label": "keyboard" });
byId("customer-write").before(keys);

const allow = tool("customer-tools", "deny", () => {
  const customer = state.customers.find((one) => one.id === chosen.customer);
  post("do", me({ do: customer.blocked ? "allow" : "deny" }));
});
const ban = tool("topic-tools", "ban", () => {
  const dialog = state.group.topics.find((one) => one.id === chosen.topic);
  post("ban", { community: chosen.group, person: dialog.id, banned: !dialog.banned });
});
const posting = make("form", { class: "inline" },
  make("label", {}, make("span", { class: "hidden", "data-word": "newPost" }),
    make("input", { name: "text", maxlength: "4096", required: true, "data-placeholder": "newPost", autocomplete: "off" })),
  make("button", { "data-word": "add" }));
posting.addEventListener("submit", async (event) => {
  event.preventDefault();
  const added = await post("post", { community: chosen.group, text: posting.elements.text.value });
  if (added) posting.reset();
});
byId("topics").after(posting);

function go(to) {
  place = to;
  refresh();
}

// "Write to us in private" leads to the messages here, not to the real VK.
byId("customer-log").addEventListener("click", (event) => {
  if (!event.target.closest('a[href^="https://vk.me/"]')) return;
  event.preventDefault();
  go(0);
});

function drawPlaces(customer) {
  place = customer?.place ?? 0;
  places.hidden = !customer;
  swap(places, [
    chip(word("messages"), place === 0, () => go(0), "messages"),
    ...(customer?.posts ?? []).map((one) => chip(`${word("wall")}: ${one.text}`, place === one.id, () => go(one.id), one.id)),
  ]);
}

function draw(customer, topic) {
  allow.hidden = !customer;
  allow.textContent = word(customer?.blocked ? "allow" : "deny");
  ban.hidden = !(topic?.id > 0);
  ban.textContent = word(topic?.banned ? "pardon" : "ban");
  drawPlaces(state.customer);
  const rows = keyboard(state.customer?.keyboard, (button) => press(button));
  keys.hidden = !rows;
  keys.replaceChildren(...(rows ? [rows] : []));
  customerSide.enable(Boolean(customer));
  customerSide.draw(`${chosen.customer}:${place}`, chosen.customer, state.customer?.messages ?? [],
    word(customer ? "emptyCustomer" : "noCustomers"));
  groupSide.enable(Boolean(topic));
  groupSide.draw(chosen.topic, -chosen.group, state.group?.messages ?? [], word("emptyTopic"));
  if (state.customer?.unread && !place && document.visibilityState === "visible") post("do", me({ do: "read" }));
  for (const answer of state.answers) {
    if (pressed.delete(answer.id)) note(answer.text ?? answer.link ?? "");
  }
}

start({ draw, query: () => ({ place }), add: ({ name }) => ["person", { community: chosen.group, name: name.value }] });
