// WhatsApp's page: a customer's chat beside what the business sees, and may write, on its own phone.

import { byId, post, side } from "./chat.js";
import { chosen, start, state, tool } from "./frame.js";
import { make } from "./message.js";
import { language, speak, word } from "./words.js";
import { WORDS } from "./own-words.js";

speak(WORDS);

const MARKS = { "*": "bold", "_": "italic", "~": "strikethrough", "`": "code" };
const MARKED = /(?<![\p{L}\p{N}])([*_~`])(?=\S)(.+?)(?<=\S)\1(?![\p{L}\p{N}])/gu;
const me = (more) => ({ person: chosen.customer, number: chosen.group, ...more });

// The app draws what is written between signs.
function plain(text, at, entities) {
  let shown = "";
  let done = 0;
  for (const found of text.matchAll(MARKED)) {
    shown += text.slice(done, found.index);
    const inner = found[1] === "`" ? found[2] : plain(found[2], at + shown.length, entities);
    entities.push({ type: MARKS[found[1]], offset: at + shown.length, length: inner.length });
    shown += inner;
    done = found.index + found[0].length;
  }
  return shown + text.slice(done);
}

function drawn(line) {
  const entities = [];
  const text = plain(line.text, 0, entities);
  return { ...line, text, entities };
}

const customerSide = side("customer", () => ({
  reactions: ["👍", "❤", "🔥", "😁", "🤔", "👎"],
  say: (text, line) => post("say", me({ text, reply_to: line?.id ?? "" })),
  edit: (line, text) => post("edit", me({ message: line.id, text })),
  remove: (line) => post("delete", me({ message: line.id })),
  react: (line, emoji) => post("react", me({ message: line.id, emoji: emoji ?? "" })),
  press: (line, button) => post("press", me({ message: line.id, button: button.press })),
  send: ({ content, name, mime, image }) => post("send", me({ kind: image ? "image" : "document", content, name, mime })),
}), [
  ["location", () => post("location", me({ latitude: 55.7522, longitude: 37.6156 }))],
  ["contact", () => post("contact", me({ name: customerNow().name, phone: "+70000000000" }))],
  ["voiceMessage", () => post("send", me({ kind: "audio", content: "Li4u", voice: true }))],
  ["sticker", () => post("send", me({ kind: "sticker", content: "Li4u" }))],
]);
const groupSide = side("group", () => ({ reply: false, say: (text) => post("echo", { person: chosen.topic, text }) }));

const customerNow = () => state.customers.find((one) => one.id === chosen.customer);
const phone = tool("customer-tools", "goOffline", () => post("do", me({ do: customerNow().online ? "offline" : "online" })));
const block = tool("customer-tools", "block", () => post("do", me({ do: customerNow().blocked ? "unblock" : "block" })));
const clock = make("p", { id: "clock", role: "status" });
byId("tools").append(clock);
tool("tools", "hour", () => post("pass", { hours: 1 }));
tool("tools", "day", () => post("pass", { hours: 24 }));
const open = make("p", { id: "window" });
byId("topic-tools").append(open);

const time = (seconds) => new Date(seconds * 1000).toLocaleString(language.now, { dateStyle: "short", timeStyle: "short" });

function draw(customer, topic) {
  clock.textContent = `${word("clock")} ${time(state.now)}`;
  block.hidden = phone.hidden = !customer;
  block.textContent = word(customer?.blocked ? "unblock" : "block");
  phone.textContent = word(customer?.online === false ? "goOnline" : "goOffline");
  open.textContent = !topic ? "" : topic.open_until > state.now ? `${word("open")} ${time(topic.open_until)}` : word("closed");
  customerSide.enable(Boolean(customer) && !customer.blocked);
  customerSide.draw(chosen.customer, chosen.customer, (state.customer?.messages ?? []).map(drawn),
    word(customer ? "emptyCustomer" : "noCustomers"));
  groupSide.enable(Boolean(topic));
  groupSide.draw(chosen.topic, "business", state.group.messages.map(drawn), word("emptyTopic"));
  if (state.customer?.unread && customer.online && document.visibilityState === "visible") post("do", me({ do: "read" }));
}

start({ draw, add: ({ name }) => ["person", { name: name.value }] });
