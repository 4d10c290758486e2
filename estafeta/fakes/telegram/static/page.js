// Telegram's page: the customer's chat with the bot beside the operators' group with its topics.

import { byId, note, post, side } from "./chat.js";
import { chosen, draw as drawAll, start, state, tool } from "./frame.js";
import { keyboard, make } from "./message.js";
import { language, speak, word } from "./words.js";
import { ICONS, WORDS } from "./own-words.js";

speak(WORDS);

const SERVICE = {
  forum_topic_created: (data) => `${word("created")}: ${data.name}`,
  forum_topic_edited: ({ name, icon_custom_emoji_id: icon, emoji }) => [
    name && `${word("renamed")} ${name}`,
    icon !== undefined && (emoji ? `${word("newIcon")} ${emoji}` : word("noIcon")),
  ].filter(Boolean).join(" · "),
  forum_topic_closed: () => word("closed"),
  forum_topic_reopened: () => word("reopened"),
  new_chat_members: (data) => `${word("joined")} ${data.map((user) => user.first_name).join(", ")}`,
  left_chat_member: (data) => `${word("left")} ${data.first_name}`,
  pinned_message: () => word("pinnedNow"),
  supergroup_chat_created: () => word("groupCreated"),
  migrate_to_chat_id: () => word("migrated"),
  migrate_from_chat_id: () => word("migrated"),
};
const pressed = new Map(); // id of a press made here -> true, until its answer was shown
let operator = Number(sessionStorage.getItem("operator")) || 0;

// What a person does in a chat: `who()` is the chat, the person and the topic that act.
function person(name, who) {
  const me = () => ({ chat: who().chat, user: who().user });
  const quick = (act, body) => () => post(act, { ...me(), topic: who().topic, ...body });
  const can = () => ({
    reactions: ["👍", "❤", "🔥", "😁", "🤔", "👎"],
    service: ({ kind, data }) => SERVICE[kind]?.(data) ?? kind,
    say: (text, line) => {
      const { topic, anonymous } = who();
      return post("say", { ...me(), topic, text, anonymous, reply_to: anonymous ? null : line?.id ?? null });
    },
    edit: (line, text) => post("edit", { ...me(), message: line.id, text }),
    remove: (line) => post("delete", { ...me(), message: line.id }),
    react: (line, emoji) => post("react", { ...me(), message: line.id, emoji: emoji ? [emoji] : [] }),
    async press(line, button) {
      if (button.copy_text) return navigator.clipboard.writeText(button.copy_text.text);
      const answer = await post("press", { ...me(), message: line.id, button: button.callback_data });
      if (answer) pressed.set(answer.press, true);
    },
    send: ({ content, name: title, mime, image }) =>
      quick("send", { kind: image ? "photo" : "document", content, name: title, mime })(),
  });
  return side(name, can, [
    ["location", quick("location", { latitude: 55.7522, longitude: 37.6156 })],
    ["contact", quick("contact", { phone: "+70000000000" })],
    ["sticker", quick("send", { kind: "sticker" })],
  ]);
}

const customerSide = person("customer", () => ({ chat: chosen.customer, user: chosen.customer, topic: 0 }));
const groupSide = person("group", () => ({
  chat: chosen.group, user: operator, topic: chosen.topic, anonymous: byId("anonymous").checked,
}));
const operators = make("select", { id: "operators", "data-label": "writeAs", onchange: () => {
  operator = Number(operators.value);
  sessionStorage.setItem("operator", operators.value);
  drawAll();
} });
byId("group-write").prepend(make("div", { class: "as" },
  make("label", {}, make("span", { "data-word": "writeAs" }), " ", operators),
  make("label", {}, make("input", { type: "checkbox", id: "anonymous" }), " ", make("span", { "data-word": "anonymous" }))));
byId("new-customer").elements.name.parentElement.after(make("label", {},
  make("span", { class: "hidden", "data-word": "language" }),
  make("select", { name: "language" }, make("option", { value: "ru" }, "Русский"), make("option", { value: "en" }, "English"))));

// The keys under the customer's box; they fold when one of them was pressed, and can be unfolded.
const keys = make("details", { id: "customer-keys", class: "keys", hidden: true });
byId("customer-write").before(keys);

function drawKeys(given) {
  const now = JSON.stringify([given, language.now]);
  if (keys.dataset.now === now) return;
  keys.dataset.now = now;
  keys.hidden = !given;
  if (!given) return keys.replaceChildren();
  keys.replaceChildren(make("summary", {}, `⌨ ${word("keys")}`),
    keyboard(given.rows, (key) => post("tap", { chat: chosen.customer, key: key.text })));
  keys.open = !given.folded;
}

// What an icon stands for, for those who do not see it or do not know it.
function nameIcons() {
  for (const icon of document.querySelectorAll("#topics .topic-icon, #topic-title .topic-icon")) {
    const meaning = ICONS[language.now][icon.textContent];
    if (!meaning) continue;
    icon.removeAttribute("aria-hidden");
    icon.setAttribute("role", "img");
    icon.setAttribute("aria-label", meaning);
    icon.title = meaning;
  }
}

const inTopic = (body) => post("topic", { chat: chosen.group, user: operator, topic: chosen.topic, ...body });
const block = tool("customer-tools", "block", () => {
  const customer = state.customers.find((one) => one.id === chosen.customer);
  post("block", { chat: customer.id, blocked: !customer.blocked });
});
const closeTopic = tool("topic-tools", "closeTopic", () => {
  const topic = state.group.topics.find((one) => one.id === chosen.topic);
  inTopic({ do: topic.closed ? "reopen" : "close" });
});
const deleteTopic = tool("topic-tools", "deleteTopic", () => inTopic({ do: "delete" }));

function draw(customer, topic) {
  const people = state.group?.people ?? [];
  if (!people.some((one) => one.id === operator)) operator = (people[1] ?? people[0])?.id ?? 0;
  if (operators.dataset.people !== JSON.stringify(people)) {
    operators.replaceChildren(...people.map((one) => make("option", { value: one.id }, one.name)));
    operators.dataset.people = JSON.stringify(people);
  }
  operators.value = operator;
  nameIcons();
  drawKeys(customer && !customer.blocked ? state.customer.keys : null);
  block.hidden = !customer;
  block.textContent = word(customer?.blocked ? "unblock" : "block");
  closeTopic.hidden = deleteTopic.hidden = !topic?.id;
  closeTopic.textContent = word(topic?.closed ? "reopenTopic" : "closeTopic");
  customerSide.enable(Boolean(customer) && !customer.blocked);
  const empty = customer ? (customer.blocked ? "blockedNow" : "emptyCustomer") : "noCustomers";
  customerSide.draw(chosen.customer, chosen.customer, state.customer?.messages ?? [], word(empty));
  groupSide.draw(`${chosen.group}:${chosen.topic}`, operator, state.group?.messages ?? [], word("emptyTopic"));
  for (const answer of state.answers) {
    if (pressed.delete(answer.id) && answer.text) note(answer.text, answer.show_alert);
  }
}

start({ draw, add: ({ name, language }) => ["customer", { name: name.value, language: language.value }] });
