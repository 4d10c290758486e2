// The page's words in both languages: those all stand-ins share, and what a stand-in adds with `speak`.

const WORDS = {
  ru: {
    sides: "Стороны переписки",
    customerSide: "Клиент",
    customers: "Клиенты",
    newCustomer: "+ Новый клиент",
    customerName: "Имя клиента",
    language: "Язык",
    add: "Добавить",
    back: "К списку",
    message: "Сообщение",
    reply: "Ответить",
    edit: "Изменить",
    remove: "Удалить",
    actions: "Действия с сообщением",
    send: "Отправить",
    attach: "Вложить",
    photo: "Фото или файл",
    location: "Место",
    contact: "Контакт",
    sticker: "Стикер",
    edited: "изменено",
    pinned: "закреплено",
    bot: "бот",
    forwarded: "Переслано от",
    replying: "Ответ на",
    editing: "Правка",
    noCustomers: "Добавьте клиента, чтобы начать.",
    closedNow: "тема закрыта",
    connected: "на связи",
    lost: "нет связи, пробую снова",
    typing: "печатает…",
    sending: "отправляет файл…",
    react: "Реакция",
    file: "Файл",
    voice: "Голосовое сообщение",
    video: "Видео",
    audio: "Аудио",
    sent: "отправлено",
    delivered: "доставлено",
    read: "прочитано",
    failed: "не доставлено",
  },
  en: {
    sides: "Sides of the conversation",
    customerSide: "Customer",
    customers: "Customers",
    newCustomer: "+ New customer",
    customerName: "Customer's name",
    language: "Language",
    add: "Add",
    back: "To the list",
    message: "Message",
    reply: "Reply",
    edit: "Edit",
    remove: "Delete",
    actions: "Message actions",
    send: "Send",
    attach: "Attach",
    photo: "Photo or file",
    location: "Location",
    contact: "Contact",
    sticker: "Sticker",
    edited: "edited",
    pinned: "pinned",
    bot: "bot",
    forwarded: "Forwarded from",
    replying: "Replying to",
    editing: "Editing",
    noCustomers: "Add a customer to begin.",
    closedNow: "topic closed",
    connected: "live",
    lost: "connection lost, trying again",
    typing: "is typing…",
    sending: "is sending a file…",
    react: "React",
    file: "File",
    voice: "Voice message",
    video: "Video",
    audio: "Audio",
    sent: "sent",
    delivered: "delivered",
    read: "read",
    failed: "not delivered",
  },
};

const asked = new URLSearchParams(location.search).get("language");

export const language = {
  now: asked || localStorage.getItem("language") || document.documentElement.lang,
  get other() { return this.now === "ru" ? "en" : "ru"; },
  set(value) {
    this.now = value in WORDS ? value : "ru";
    localStorage.setItem("language", this.now);
    document.documentElement.lang = this.now;
  },
};
language.set(language.now);

export function speak(own) {
  for (const [name, words] of Object.entries(own)) Object.assign(WORDS[name], words);
}

export function word(key) {
  return WORDS[language.now][key] ?? key;
}

export function translatePage() {
  document.title = word("title");
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = word(element.dataset.word);
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", word(element.dataset.label));
  }
  for (const element of document.querySelectorAll("[data-placeholder]")) {
    element.placeholder = word(element.dataset.placeholder);
  }
}
