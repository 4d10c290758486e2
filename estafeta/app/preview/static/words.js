// The page's own words. What editors wrote, and what the check found, stands as it is.

import { keep, kept } from "./dom.js";

const ENGLISH = {
  "search": "Search flows",
  "search.hint": "Name, /command, intent",
  "flows": "Flows",
  "flows.none": "There is no flow yet: write one to flows/NAME.yml.",
  "flows.unfound": "No flow is called so, or begun by that.",
  "language": "Texts in",
  "zoom": "Size of the picture", "zoom.in": "Larger", "zoom.out": "Smaller", "zoom.same": "Natural size", "zoom.fit": "Fit",
  "picture": "Picture of the flow: arrow keys go from step to step",
  "close": "Close", "back": "All flows", "copy": "Copy", "copied": "Copied: {0}", "uncopied": "The browser does not let copy: {0}",
  "open": "Open in VS Code", "other": "По-русски", "other.code": "ru",
  "choose": "Choose a flow", "choose.about": "A picture of every step, and each message as every channel shows it. / searches.",
  "gone": "There is no flow “{0}”.", "gone.about": "It was renamed or removed.",
  "broken": "This workspace has mistakes", "broken.about": "The flows are shown once they are mended; the page follows the files.",
  "findings": "Findings of the check", "findings.about": "Warnings: the workspace runs with them.",
  "findings.open": "Findings: {0}",
  "error": "error", "warning": "warning", "stopped": "The preview does not answer: `estafeta flows preview` has ended.",
  "failed": "The page could not show that: {0}", "large": "Too many steps for a picture: here they are in the order of the file.",
  "steps": "steps: {0}", "public": "public", "line": "line {0}", "go": "Open the flow {0}", "silent": "Nothing is said here.",
  "unwritten": "Not written: so it goes when nothing else is said.", "pressed": "A button leads here.",
  "nowhere": "Nothing leads here but the flow's own name.",
  "start": "Start", "say": "Says", "ask": "Asks", "menu": "Menu", "choose.step": "Chooses", "set": "Sets", "call": "Calls",
  "wait": "Waits", "remember": "Remembers", "forget": "Forgets", "tag": "Tags", "untag": "Untags", "goto": "Goes to",
  "flow.step": "Flow", "handoff": "Calls people", "end": "End", "end_all": "End of all", "over": "The flow is over",
  "e.answer": "answered", "e.unanswered": "no answer", "e.otherwise": "otherwise", "e.done": "done", "e.failed": "on error",
  "e.happened": "happened", "e.late": "not in time", "e.returned": "given back",
  "w.intent": "intent", "w.command": "command", "w.words": "words", "w.link": "link", "w.event": "event", "w.schedule": "at",
  "w.always": "always: in the middle of others too", "w.run": "run by", "w.press": "button of",
  "f.expect": "expects", "f.attempts": "asked again", "f.valid": "valid when", "f.remember": "remembered for", "f.with": "with",
  "f.save": "saved as", "f.map": "kept of it", "f.values": "values", "f.seconds": "for", "f.until": "until", "f.event": "event",
  "f.names": "names", "f.reason": "reason", "f.skill": "skill", "f.delay": "typing for", "f.media": "files", "f.habit": "order",
  "f.channels": "own words in", "habit": "by this customer's habit", "good": "for good", "all": "everything", "first": "skill by the matter",
  "summary": "For people", "buttons": "Buttons",
  "p.again": "again", "p.invalid": "not valid", "p.confirm": "is it right?", "p.still": "still so?", "p.ask": "question",
  "variant": "variant {0} of {1}", "length": "{0} of {1}", "r.pieces": "too long for one message: {0} messages",
  "r.left": "not drawn here: {0}", "r.list": "{0} choices: shown as a list", "r.numbers": "{0} choices as numbered lines: a number typed is a press",
  "r.cut": "“{0}” is shown as “{1}”", "list": "List of choices", "private": "strangers read along: answered in private",
  "strangers": "strangers read along",
  "m.bold": "bold", "m.italic": "italic", "m.strike": "strike", "m.code": "code", "m.link": "link",
  "d": "d", "h": "h", "min": "min", "s": "s",
};

const RUSSIAN = {
  "search": "Поиск диалога",
  "search.hint": "Имя, /команда, намерение",
  "flows": "Диалоги",
  "flows.none": "Диалогов пока нет: напишите первый в flows/ИМЯ.yml.",
  "flows.unfound": "Так не называется и с этого не начинается ни один диалог.",
  "language": "Тексты",
  "zoom": "Размер картинки", "zoom.in": "Крупнее", "zoom.out": "Мельче", "zoom.same": "Как есть", "zoom.fit": "Целиком",
  "picture": "Картинка диалога: стрелки ведут от шага к шагу",
  "close": "Закрыть", "back": "Все диалоги", "copy": "Копировать", "copied": "Скопировано: {0}", "uncopied": "Браузер не даёт скопировать: {0}",
  "open": "Открыть в VS Code", "other": "In English", "other.code": "en",
  "choose": "Выберите диалог", "choose.about": "Каждый шаг на картинке, каждое сообщение таким, как его покажет канал. / — поиск.",
  "gone": "Диалога «{0}» нет.", "gone.about": "Его переименовали или убрали.",
  "broken": "В контенте есть ошибки", "broken.about": "Диалоги появятся, когда ошибки исправят; страница следит за файлами.",
  "findings": "Что нашла проверка", "findings.about": "Предупреждения: работать они не мешают.",
  "findings.open": "Замечания: {0}",
  "error": "ошибка", "warning": "предупреждение", "stopped": "Просмотр не отвечает: команда `estafeta flows preview` завершилась.",
  "failed": "Не получилось показать: {0}", "large": "Для картинки шагов слишком много: вот они в порядке файла.",
  "steps": "шагов: {0}", "public": "публичный", "line": "строка {0}", "go": "Открыть диалог {0}", "silent": "Здесь ничего не говорится.",
  "unwritten": "Не написано: так будет, раз не сказано иного.", "pressed": "Сюда ведёт кнопка.",
  "nowhere": "Сюда ведёт только само имя диалога.",
  "start": "Начало", "say": "Говорит", "ask": "Спрашивает", "menu": "Меню", "choose.step": "Выбирает", "set": "Присваивает", "call": "Вызывает",
  "wait": "Ждёт", "remember": "Запоминает", "forget": "Забывает", "tag": "Ставит метку", "untag": "Снимает метку", "goto": "Переходит к",
  "flow.step": "Диалог", "handoff": "Зовёт людей", "end": "Конец", "end_all": "Конец всего", "over": "Диалог закончен",
  "e.answer": "ответ", "e.unanswered": "нет ответа", "e.otherwise": "иначе", "e.done": "готово", "e.failed": "при ошибке",
  "e.happened": "случилось", "e.late": "не вовремя", "e.returned": "вернули боту",
  "w.intent": "намерение", "w.command": "команда", "w.words": "слова", "w.link": "ссылка", "w.event": "событие", "w.schedule": "в",
  "w.always": "всегда: и посреди других", "w.run": "выполняет", "w.press": "кнопка в",
  "f.expect": "ожидает", "f.attempts": "переспросит", "f.valid": "годится, если", "f.remember": "помнит", "f.with": "передаёт",
  "f.save": "сохраняет как", "f.map": "берёт из ответа", "f.values": "значения", "f.seconds": "сколько", "f.until": "до", "f.event": "событие",
  "f.names": "имена", "f.reason": "причина", "f.skill": "отдел", "f.delay": "печатает", "f.media": "файлы", "f.habit": "порядок",
  "f.channels": "свои слова в", "habit": "по привычке клиента", "good": "всегда", "all": "всё", "first": "отдел по теме",
  "summary": "Людям", "buttons": "Кнопки",
  "p.again": "ещё раз", "p.invalid": "не годится", "p.confirm": "верно ли?", "p.still": "всё так же?", "p.ask": "вопрос",
  "variant": "вариант {0} из {1}", "length": "{0} из {1}", "r.pieces": "длинно для одного сообщения: их {0}",
  "r.left": "здесь не рисуется: {0}", "r.list": "вариантов {0}: показаны списком", "r.numbers": "вариантов {0}, строками с номером: набранный номер — нажатие",
  "r.cut": "«{0}» показано как «{1}»", "list": "Список вариантов", "private": "читают посторонние: ответит в личных сообщениях",
  "strangers": "читают посторонние",
  "m.bold": "жирный", "m.italic": "курсив", "m.strike": "зачёркнутый", "m.code": "код", "m.link": "ссылка",
  "d": "дн", "h": "ч", "min": "мин", "s": "с",
};

const TONGUES = { en: ENGLISH, ru: RUSSIAN };
let tongue = kept("tongue") ?? (navigator.language.toLowerCase().startsWith("ru") ? "ru" : "en");
if (!Object.hasOwn(TONGUES, tongue)) tongue = "en";

export const spoken = () => tongue;

export function speak(other) {
  tongue = other;
  keep("tongue", other);
}

/** The words of a key, with values for {0}, {1}. */
export function t(key, ...values) {
  return TONGUES[tongue][key].replace(/\{(\d)\}/g, (_, number) => String(values[Number(number)] ?? ""));
}

export const known = (key) => Object.hasOwn(TONGUES[tongue], key);

/** A length of time in its two largest units. */
export function span(seconds) {
  const parts = [];
  let rest = seconds;
  for (const [unit, size] of [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]]) {
    const count = Math.floor(rest / size);
    if (count) parts.push(`${count} ${t(unit)}`);
    rest -= count * size;
  }
  return parts.slice(0, 2).join(" ") || (seconds ? `${seconds} ${t("s")}` : `0 ${t("s")}`);
}
