// All stand-ins at once: a frame for each, chosen with the buttons above; one at a time where there is little room.

import { language, speak, translatePage, word } from "./words.js";

speak({
  ru: {
    title: "Мессенджеры",
    notice: "Учебные замены на вашем компьютере. Пишите в любой как клиент; отвечайте из группы операторов в Telegram.",
    choice: "Что показать",
    telegram: "Telegram",
    vk: "ВКонтакте",
    whatsapp: "WhatsApp",
    operators: "Операторы",
    whole: "целиком ↗",
  },
  en: {
    title: "Messengers",
    notice: "Practice stand-ins on your own computer. Write in any of them as a customer; answer from the operators' group in Telegram.",
    choice: "What to show",
    telegram: "Telegram",
    vk: "VK",
    whatsapp: "WhatsApp",
    operators: "Operators",
    whole: "whole page ↗",
  },
});

const byId = (id) => document.getElementById(id);
const narrow = matchMedia("(max-width: 760px)");
const { shown } = await (await fetch("/fake/shown")).json();
const hidden = new Set(JSON.parse(localStorage.getItem("hidden") || "[]"));
let single = shown[0].name;

function address(one, more = "") {
  return `${location.protocol}//${location.hostname}:${one.port}/${more}`;
}

for (const one of shown) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.name = button.dataset.word = one.name;
  button.addEventListener("click", () => {
    if (narrow.matches) single = one.name;
    else if (!hidden.delete(one.name)) hidden.add(one.name);
    localStorage.setItem("hidden", JSON.stringify([...hidden]));
    draw();
  });
  byId("choice").append(button);
  const section = document.createElement("section");
  section.id = one.name;
  section.setAttribute("aria-labelledby", `${one.name}-title`);
  const [bar, title, whole, frame] = ["div", "h2", "a", "iframe"].map((tag) => document.createElement(tag));
  title.id = `${one.name}-title`;
  title.dataset.word = one.name;
  whole.href = address(one);
  whole.target = "_blank";
  whole.rel = "noopener";
  whole.dataset.word = "whole";
  bar.append(title, whole);
  section.append(bar, frame);
  byId("frames").append(section);
}

function draw() {
  for (const one of shown) {
    const visible = narrow.matches ? one.name === single : !hidden.has(one.name);
    const section = byId(one.name);
    const frame = section.querySelector("iframe");
    section.hidden = !visible;
    byId("choice").querySelector(`[data-name="${one.name}"]`).setAttribute("aria-pressed", String(visible));
    frame.title = word(one.name);
    const wanted = address(one, `?side=${one.side}&language=${language.now}`);
    if (visible && frame.src !== wanted) frame.src = wanted;
  }
}

function translate() {
  translatePage();
  const names = { ru: "Русский", en: "English" };
  byId("language").textContent = names[language.other];
  byId("language").lang = language.other;
  draw();
}

byId("language").addEventListener("click", () => {
  language.set(language.other);
  translate();
});
narrow.addEventListener("change", draw);
translate();
