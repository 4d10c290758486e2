// What the page itself says, in Russian and English. The bot's words come from the server.

const WORDS = {
  ru: {
    log: "Переписка",
    box: "Сообщение",
    placeholder: "Напишите сообщение…",
    send: "Отправить",
    close: "Закрыть чат",
    newest: "К новым сообщениям",
    you: "Вы",
    bot: "Бот",
    operator: "Сотрудник",
    system: "Чат",
    stage: { bot: "Отвечает бот", queued: "Зовём человека…", human: "На связи человек" },
    named: (name) => `На связи ${name}`,
    types: (who) => `${who} печатает…`,
    sending: "Отправляется…",
    sent: "Отправлено",
    failed: "Не отправлено.",
    retry: "Повторить",
    discard: "Убрать",
    edited: "изменено",
    connecting: "Соединяем…",
    offline: "Нет сети. Сообщения уйдут, когда она появится.",
    refused: "Чат сейчас недоступен. Обновите страницу.",
    today: "Сегодня",
    yesterday: "Вчера",
    over: (count) => `Слишком длинно: лишних символов ${count}`,
    left: (count) => `Осталось символов: ${count}`,
  },
  en: {
    log: "Conversation",
    box: "Message",
    placeholder: "Write a message…",
    send: "Send",
    close: "Close chat",
    newest: "To new messages",
    you: "You",
    bot: "Bot",
    operator: "Support",
    system: "Chat",
    stage: { bot: "The bot is answering", queued: "Calling a person…", human: "You are talking to a person" },
    named: (name) => `You are talking to ${name}`,
    types: (who) => `${who} is typing…`,
    sending: "Sending…",
    sent: "Sent",
    failed: "Not sent.",
    retry: "Try again",
    discard: "Remove",
    edited: "edited",
    connecting: "Connecting…",
    offline: "You are offline. Messages will be sent when you are back.",
    refused: "The chat is not available now. Please reload the page.",
    today: "Today",
    yesterday: "Yesterday",
    over: (count) => `Too long by ${count} characters`,
    left: (count) => `${count} characters left`,
  },
};

const page = document.documentElement.dataset;

// The nearest of the workspace's languages to what the site asks for, else to the browser's.
export function chosen(asked) {
  const languages = page.languages.split(" ");
  const short = (asked || navigator.language || "").split(/[-_]/)[0].toLowerCase();
  return languages.includes(short) ? short : languages[0];
}

export const wordsOf = (language) => WORDS[language] || WORDS.en;

export const titleOf = (language) => (language === "ru" ? page.titleRu : page.titleEn);
