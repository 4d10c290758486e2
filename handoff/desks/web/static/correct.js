// What the bot should have understood: an operator chooses it by its title, for who teaches the bot.

import { api } from "./api.js";
import { toast } from "./dom.js";
import { askFor } from "./form.js";
import { state } from "./state.js";
import { language, spoken, t } from "./words.js";

/** `message` is the customer's, or undefined: then there is nothing to correct. */
export async function correct(message) {
  if (!message) return;
  const id = state.open;
  const { entry } = message;
  try {
    const { intents } = await api.intents();
    const intent = await ask(intents, entry);
    if (!intent) return;
    await api.correct(id, entry.seq, intent);
    toast(t("correct.done", { title: titleOf(intents, intent) }), "info");
  } catch (error) {
    toast(error.message);
  }
}

/** Resolves to the intent's name, or "". */
async function ask(intents, { intent: guess }) {
  const given = await askFor({
    title: t("correct.title"),
    go: t("form.save"),
    fields: [
      {
        name: "intent",
        label: t("correct.label"),
        hint: guess ? t("correct.understood", { title: titleOf(intents, guess.name) }) : t("correct.nothing"),
        kind: "select",
        options: [
          { value: "", label: t("correct.choose") },
          ...intents.map(({ name }) => ({ value: name, label: titleOf(intents, name) })),
        ],
      },
    ],
    wrong: ({ intent }) => (intent ? "" : t("correct.choose")),
  });
  return given?.intent ?? "";
}

const titleOf = (intents, name) => intents.find((one) => one.name === name)?.titles[language()] ?? spoken(name);
