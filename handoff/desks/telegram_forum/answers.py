"""What operators read when they ask for something, in Russian and in English: the sentences of the commands."""

from __future__ import annotations

ANSWERS: dict[str, tuple[str, str]] = {
    "only_in_topic": (
        "Эта команда работает в теме клиента.",
        "This command works in a customer's topic.",
    ),
    "resume": ("Вернуть в работу", "Resume"),
    "pass": ("Передать…", "Pass on…"),
    "back": ("‹ Назад", "‹ Back"),
    "offered": ("Предложено", "Offered to"),
    "offer": (
        "🙋 Клиент ждёт {minutes} мин: возьмите, пожалуйста.",
        "🙋 A customer has waited for {minutes} min: please take it.",
    ),
    "tags": ("Метки", "Tags"),
    "customer_tags": ("Метки клиента", "The customer's tags"),
    "answer_by": ("Ответить до", "To be answered by"),
    "before": ("Прошлое обращение", "The ticket before"),
    "ended_closed": ("закрыто", "closed"),
    "ended_returned": ("вернули боту", "returned to the bot"),
    "ended_solved": ("клиент решил сам", "solved by the customer"),
    "ended_idle": ("клиент замолчал", "the customer fell silent"),
    "rating": ("Последняя оценка", "The latest rating"),
    "rating_excellent": ("отлично", "excellent"),
    "rating_fine": ("нормально", "fine"),
    "rating_bad": ("плохо", "bad"),
    "priority": ("Приоритет", "Priority"),
    "is_blocked": (
        "⛔ Клиент заблокирован вами: его слова сохраняются, ответов нет. Снять: /unblock",
        "⛔ You blocked this customer: their words are kept and not answered. To undo: /unblock",
    ),
    # moving the ticket
    "flow_unknown": ("Сценария «{name}» нет. Есть: {known}", "There is no flow {name}. There are: {known}"),
    "to_whom": (
        "Кому передать: /to отдел или имя.\nОтделы: {skills}\nНа смене: {people}",
        "To pass it on: /to department or name.\nDepartments: {skills}\nOn: {people}",
    ),
    "to_unknown": (
        "Не знаю, кто это: {name}. Напишите отдел или имя, например: {example}. Все: /to",
        "I do not know {name}. Write a department or a name, for example: {example}. All of them: /to",
    ),
    "to_which": ("Кому передать («{name}»)?", "To whom ({name})?"),
    "to_nobody": (
        "Передать нельзя: {name} не в списке операторов. Пригласить: /invite",
        "{name} is not on the roster, so this cannot be passed to them. To invite somebody: /invite",
    ),
    "to_unlisted": (
        "{name}, вам передают этот разговор. Вы не отмечены на смене (/on), поэтому взять его могут и другие.",
        "{name}, this conversation is passed to you. You did not say that you are on (/on), so others may take it too.",
    ),
    "nobody": ("никого", "nobody"),
    "hold_how": (
        "До какого времени отложить? Например: /hold 30m, /hold 14:00, /hold завтра 9:00",
        "Until when? For example: /hold 30m, /hold 14:00, /hold tomorrow 9:00",
    ),
    "tag_most": (
        "Меток за раз не больше {most}, каждая не длиннее {long} знаков. Ничего не изменено.",
        "At most {most} tags at once, of {long} characters each. Nothing was changed.",
    ),
    "close_long": (
        "Итог длиннее {most} знаков (у вас {given}): сократите. Подробности можно записать заметкой: //",
        "A resolution has at most {most} characters, yours has {given}. Details can go into a note: //",
    ),
    "tag_how": ("Напишите метки, например: /tag возврат vip", "Write tags, for example: /tag refund vip"),
    "priority_how": (
        "Напишите число от −10 до 10, например: /priority 5",
        "Write a number from −10 to 10, for example: /priority 5",
    ),
    # how things stand already
    "no_ticket": (
        "Открытого обращения нет: с клиентом говорит бот. Взять разговор: /take или просто напишите клиенту.",
        "There is no open ticket: the bot talks to the customer. To take over: /take, or just write to the customer.",
    ),
    "take_mine": ("Разговор уже у вас.", "You have this conversation already."),
    "taken_by": (
        "Разговор уже ведёт {name}. Забрать себе: /take",
        "{name} has this conversation already. To take it over: /take",
    ),
    "passed_to_holder": ("Разговор и так ведёт {name}.", "{name} has this conversation already."),
    "not_held": ("Обращение и не отложено.", "The ticket is not put off."),
    "tags_same": ("Уже стоит: {tags}.", "There already: {tags}."),
    "tags_others": ("Таких меток нет. Стоят: {tags}.", "There are no such tags. There are: {tags}."),
    "no_tags": ("Меток нет. Поставить: /tag возврат", "There are no tags. To add one: /tag refund"),
    "priority_same": ("Приоритет и так {priority}.", "The priority is {priority} already."),
    "block_same": ("Клиент и так заблокирован. Снять: /unblock", "The customer is blocked already. To undo: /unblock"),
    "unblock_same": ("Клиент и не заблокирован.", "The customer is not blocked."),
    "blocked_first": ("Клиент заблокирован. Сначала /unblock", "The customer is blocked. First /unblock"),
    "note_how": (
        "Заметка начинается с //, например: // перезвонить завтра. Эти слова никуда не ушли.",
        "A note begins with //, for example: // call back tomorrow. These words went nowhere.",
    ),
    "command_meant": (
        "Команды /{typed} нет, клиенту она не ушла. Может быть, {meant}? Все команды: /help",
        "There is no command /{typed}; it did not go to the customer. Did you mean {meant}? All commands: /help",
    ),
    # canned replies and suggestions
    "replies": ("Готовые ответы. ➤ отправить, 📋 скопировать и дописать.", "Canned replies. ➤ sends, 📋 copies."),
    "replies_more": ("Показано {shown} из {count}: добавьте слово.", "{shown} of {count} shown: add a word."),
    "no_replies": (
        "По запросу «{words}» готовых ответов нет. Все покажет /r",
        "No canned reply for {words}. /r shows all",
    ),
    "no_replies_at_all": ("Готовых ответов пока нет (replies.yml).", "There are no canned replies yet (replies.yml)."),
    "reply_failed": (
        "Ответ «{name}» не подставился: проверьте его переменные в replies.yml. Клиенту ничего не ушло.",
        "The reply {name} could not be filled in: check its variables in replies.yml. Nothing went to the customer.",
    ),
    "sent_this": ("Клиенту:\n{words}", "To the customer:\n{words}"),
    "suggestions": (
        "Подсказки. ➤ отправить, 📋 скопировать и дописать.",
        "Suggestions. ➤ sends, 📋 copies.",
    ),
    "suggested_by_bot": ("бот: {name}", "bot: {name}"),
    "suggested_before": ("так отвечали {when}", "answered {when}"),
    "no_suggestions": ("Подсказать пока нечего.", "Nothing to suggest yet."),
    "choice_gone": (
        "Эти кнопки уже не действуют: спросите ещё раз.",
        "These buttons are out of date: ask again.",
    ),
    "sending": ("Отправляем", "On its way"),
    "not_sent_toast": (
        "Не отправлено: разговор ведёт {name}. Что сделать с ответом, спросим в теме.",
        "Not sent: {name} has this conversation. What about the answer, you are asked in the topic.",
    ),
    # undo
    "undo_off": (
        "Отмена отправки выключена. Удалить у клиента: /delete в ответ на своё сообщение.",
        "Undo is switched off. To delete at the customer's: /delete as a reply to your own message.",
    ),
    "undo_how": (
        "Напишите /undo отдельно или в ответ на своё сообщение.",
        "Write /undo alone, or as a reply to your own message.",
    ),
    # two at once
    "conflict": (
        "✋ Не отправлено: разговор ведёт {name}. Что сделать с вашим сообщением?",
        "✋ Not sent: {name} has this conversation. What about your message?",
    ),
    "colleague": ("Коллега", "A colleague"),
    "sure": ("Отправить всё равно", "Send anyway"),
    "over": ("Взять себе и отправить", "Take over and send"),
    "note": ("Сделать заметкой", "Make it a note"),
    "not_yours": ("Решает тот, кто написал сообщение.", "Whoever wrote the message decides."),
    "words_gone": ("Слова уже не сохранились: отправьте их ещё раз.", "The words are gone: send them again."),
    # the past
    "history": ("Переписка, записей: {count}", "The transcript, {count} entries"),
    "history_cut": (
        "Переписка, последние записи: {count}. Более ранние в неё не вошли.",
        "The transcript, the latest {count} entries. Earlier ones are left out.",
    ),
    "find_how": ("Напишите слова, например: /find номер заказа", "Write words, for example: /find order number"),
    "found": ("Нашлось: {count}", "Found: {count}"),
    "found_nothing": ("По словам «{words}» ничего не нашлось.", "Nothing found for {words}."),
    # why the bot answered so
    "why_unknown": (
        "Почему бот так ответил, не узнать: слов клиента, на которые он отвечал, здесь нет.",
        "Why the bot answered so cannot be told: the words of the customer that it answered are not here.",
    ),
    "why_of": ("🔎 Клиент: {words}", "🔎 The customer: {words}"),
    "why_at": ("Разговор стоял: {where}", "The talk was at {where}"),
    "why_understood": ("Понято: {intents} (модель {model})", "Understood: {intents} (model {model})"),
    "why_nothing": ("Ни один сценарий на это не отвечает.", "No flow answers this."),
    "why_flow": ("Начат сценарий: {flow}", "Flow begun: {flow}"),
    "why_called": ("Вызов: {call}", "Called: {call}"),
    "why_said": ("Сказано: {words} [{where}]", "Said: {words} [{where}]"),
    "why_phrase": ("фраза из bot.yml", "a phrase of bot.yml"),
    "why_people": ("Позваны люди: {rule}", "People were called: {rule}"),
    "why_release": ("Версия сценариев: {release}", "Version of the flows: {release}"),
    # what it should have understood
    "intent_how": (
        "Что бот должен был понять: /intent и имя из списка. В ответ на слова клиента: о них; отдельно: о последних, "
        "которые бот пытался понять.",
        "What the bot should have understood: /intent and a name of the list. As a reply to the customer's words it is "
        "about those, alone about the latest that the bot tried to understand.",
    ),
    "intent_unknown": ("Такого бот не различает: {name}.", "The bot knows nothing of this name: {name}."),
    "intent_near": ("Может быть:", "Did you mean:"),
    "intent_all": ("Есть:", "There are:"),
    "intent_more": (
        "… и ещё {count}: напишите /intent и слово из названия.",
        "… and {count} more: write /intent and a word of the title.",
    ),
    "intent_nothing": (
        "Не записано: здесь нет слов клиента, которые бот пытался понять. Напишите /intent в ответ на них.",
        "Not kept: these are no words of the customer that the bot tried to understand. Write /intent as a reply to "
        "those.",
    ),
    "intent_off": ("Бот здесь ничему не учится: исправлять нечего.", "The bot learns nothing here to be corrected."),
    # people
    "in_hand": ("В работе: {hand}", "In hand: {hand}"),
    "hand_of": ("{load} из {capacity}", "{load} of {capacity}"),
    "hand_held": ("(и отложено {held})", "(and {held} put off)"),
    "role_operator": ("оператор", "operator"),
    "role_supervisor": ("супервайзер", "supervisor"),
    "role_admin": ("администратор", "admin"),
    "is_on": ("на смене", "on"),
    "is_off": ("не на смене", "off"),
    "is_unlisted": ("не на смене, отметиться: /on", "not on; to say so: /on"),
    "is_away": ("отошёл(ла)", "away"),
    "until": ("до {time}", "until {time}"),
    "who": ("Кто на смене", "Who is on"),
    "who_nobody": ("На смене никто не отмечен. Отметиться: /on", "Nobody said they are on. To say so: /on"),
    "all_skills": ("все отделы", "all departments"),
    "away_how": (
        "До какого времени? Например: /away 30m, /off завтра 9:00. Без времени: пока не напишете /on",
        "Until when? For example: /away 30m, /off tomorrow 9:00. Without a time: until you write /on",
    ),
    "no_load": ("Загрузка группы сейчас неизвестна.", "The group's load is not known now."),
    "closed_how": (
        "До какого времени закрыть? Например: /closed until 14:00 или /closed завтра 9:00 {skill}",
        "Until when? For example: /closed until 14:00, or /closed tomorrow 9:00 {skill}",
    ),
    "closed_until": (
        "Закрыто до {time}: {skill}. Открыть раньше: /open",
        "Closed until {time}: {skill}. To open earlier: /open",
    ),
    "opened": ("Открыто: {skill}", "Open: {skill}"),
    "not_closed": ("И так не закрыто: {skill}", "Not closed anyway: {skill}"),
    "skill_unknown": ("Отдела «{name}» нет. Есть: {known}", "There is no department {name}. There are: {known}"),
    "invite": (
        "Приглашение ({role}), одноразовое, действует 24 часа. Перешлите тому, кого приглашаете:\n{link}",
        "An invitation ({role}), good once, for 24 hours. Forward it to whom you invite:\n{link}",
    ),
    "invite_private": (
        "Приглашение придёт вам в личный чат с ботом: откройте {bot}, нажмите «Старт» и повторите /invite.",
        "The invitation comes to your private chat with the bot: open {bot}, press Start and repeat /invite.",
    ),
    "invite_no_name": ("Имя бота пока неизвестно, попробуйте позже.", "The bot's name is not known yet, try later."),
    "join_how": ("Напишите /join и код из приглашения.", "Write /join and the code of the invitation."),
    "joined": ("{name}: {role}. Добро пожаловать! Команды: /help", "{name}: {role}. Welcome! The commands: /help"),
    "joined_outside": (
        "Вы записаны ({role}). Теперь вступите в группу операторов: отвечать можно только из неё.",
        "You are enrolled ({role}). Now join the operators' group: answers are given only there.",
    ),
    # refusals of the roster
    "not_enrolled": (
        "Вы не записаны в операторы: попросите у супервайзера приглашение (первого приглашает администратор: "
        "estafeta team invite --role admin). Ничего не отправлено.",
        "You are not enrolled: ask a supervisor for an invitation (the first one the administrator invites: "
        "estafeta team invite --role admin). Nothing was sent.",
    ),
    "removed": (
        "Вы больше не в числе операторов: попросите у супервайзера приглашение. Ничего не отправлено.",
        "You were taken off the roster: ask a supervisor for an invitation. Nothing was sent.",
    ),
    "needs_supervisor": ("Это может только супервайзер.", "Only a supervisor may do this."),
    "needs_admin": ("Это может только администратор.", "Only an admin may do this."),
    "no_supervisor_yet": (
        "Это может только супервайзер, а его пока нет: пригласите его командой estafeta team invite --role supervisor.",
        "Only a supervisor may do this, and there is none yet: run estafeta team invite --role supervisor.",
    ),
    "unknown_member": ("Такого оператора нет.", "There is no such operator."),
    "until_past": ("Это время уже прошло.", "That time is over already."),
    "invite_unknown": (
        "Приглашение неизвестно или уже использовано: попросите новое.",
        "This invitation is not known or was used already: ask for a new one.",
    ),
    "invite_expired": ("Срок приглашения вышел: попросите новое.", "This invitation has expired: ask for a new one."),
    "invite_elsewhere": ("Это приглашение не для этой группы.", "This invitation is for another desk."),
    "invite_revoked": (
        "Пригласивший больше не может приглашать: попросите новое приглашение.",
        "Whoever invited you may not do so any more: ask for a new invitation.",
    ),
    # tone
    "tone_edit": ("🎚 Проверьте тон правки: {remarks}.", "🎚 Mind the tone of the edit: {remarks}."),
    "tone": ("🎚 Отправлено, но проверьте тон: {remarks}.", "🎚 Sent, but mind the tone: {remarks}."),
    # help
    "help_general": (
        "/on, /off, /away 30m: на смене, нет, отошёл · /me мои обращения · /who кто на смене · /load загрузка\n"
        "/closed until 14:00 [отдел], /open [отдел]: закрыть и открыть приём (супервайзер) · /invite приглашение\n"
        "/join КОД: записаться. Остальные команды работают в теме клиента, /help там же.",
        "/on, /off, /away 30m · /me my tickets · /who is on · /load\n"
        "/closed until 14:00 [department], /open [department]: supervisors · /invite an operator\n"
        "/join CODE. The other commands work in a customer's topic; /help there lists them.",
    ),
    "help": (
        "Всё, что вы пишете в теме, уходит клиенту: текст, фото, альбомы, файлы, голосовые, видео, стикеры, место, "
        "контакт.\n"
        "// в начале (или ответ коллеге): заметка, клиент её не видит.\n"
        "Ответ на слова клиента: клиент увидит, на что вы ответили. Правка и реакция доходят до него, если умеет его "
        "канал.\n"
        "/take взять · /return [сценарий] вернуть боту · /close [итог] закрыть\n"
        "/to отдел или @имя передать · /hold 30m, 14:00, завтра 9:00 отложить · /resume вернуть в работу\n"
        "/tag, /untag метки · /priority 5 · /block, /unblock клиента · /contact попросить телефон\n"
        "/r слова готовые ответы · /s подсказки · /history переписка файлом · /find слова поиск в ней\n"
        "/why почему бот так ответил · /intent имя: что он должен был понять (или в ответ на слова клиента)\n"
        "/undo или {undo} на своё сообщение сразу после отправки: отменить · /delete в ответ: удалить у клиента\n"
        "/templates шаблоны · /template НОМЕР значение | значение\n"
        "/me · /who · /load · /on · /off · /away 30m\n"
        "👌 отправлено · 👀 прочитано · 👎 не доставлено · 🕊 отменено · 🙊 не отправлено: разговор "
        "ведёт коллега, или писать Вам нельзя · "
        "✍ принято, клиенту не ушло",
        "All that you write in the topic goes to the customer: text, photos, albums, files, voice, video, stickers, "
        "places, contacts.\n"
        "// at the beginning (or a reply to a colleague): a note, the customer never sees it.\n"
        "A reply to the customer's words shows the customer what you answer. Edits and reactions reach them where "
        "their channel can.\n"
        "/take · /return [flow] to the bot · /close [resolution]\n"
        "/to department or @name: pass on · /hold 30m, 14:00, tomorrow 9:00 · /resume\n"
        "/tag, /untag · /priority 5 · /block, /unblock the customer · /contact: ask for the phone number\n"
        "/r words: canned replies · /s suggestions · /history as a file · /find words\n"
        "/why the bot answered so · /intent name: what it should have understood (alone, or as a reply to the "
        "customer's words)\n"
        "/undo, or {undo} on your own message right after sending · /delete as a reply: delete at the customer's too\n"
        "/templates · /template NUMBER value | value\n"
        "/me · /who · /load · /on · /off · /away 30m\n"
        "👌 sent · 👀 read · 👎 not delivered · 🕊 taken back · 🙊 not sent: a "
        "colleague has the conversation, or you may not write · "
        "✍ taken, did not go to the customer",
    ),
}

NEWS: dict[str, tuple[str, str]] = {
    "csat_bad": ("👎 Плохая оценка. Кто отвечал: {whose}. {why}", "👎 A bad rating. Answered by: {whose}. {why}"),
    "promise_near": (
        "⏰ Клиенту обещан ответ к {until}: пора ответить.",
        "⏰ The customer was promised an answer by {until}: it is time.",
    ),
    "promise_moved": (
        "⏰ К обещанному времени никто не ответил. Клиенту сказано ждать до {until}.",
        "⏰ Nobody answered by the time promised. The customer was told to wait until {until}.",
    ),
    "answer_due": ("⏱ Срок ответа: {until}.", "⏱ The answer is due: {until}."),
    "not_there": (
        "{to} сейчас не на смене: обращение предложено и другим.",
        "{to} is not on now: the ticket is offered to others too.",
    ),
    "no_such_skill": ("Отдела «{skill}» нет. Все: /to", "There is no department {skill}. All of them: /to"),
    "undone": ("Отменено: клиенту не ушло или удалено у него.", "Taken back: not sent, or deleted at the customer's."),
    "undo_late": (
        "Отменить уже нельзя. Удалить у клиента, если умеет канал: /delete в ответ на сообщение.",
        "Too late to undo. To delete it at the customer's, where the channel can: /delete as a reply.",
    ),
    "nothing_to_undo": ("Отменять нечего: вашего сообщения нет.", "Nothing to undo: there is no message of yours."),
    "held_over": ("🔔 Время вышло: обращение снова ждёт.", "🔔 The time is over: the ticket waits again."),
    "hold_when": (
        "Это время уже прошло. Например: /hold 30m или /hold завтра 9:00",
        "That time is over already. For example: /hold 30m or /hold tomorrow 9:00",
    ),
    "owned": (
        "Разговор ведёт {name}. Возьмите его себе (/take), потом повторите.",
        "{name} has the conversation. Take it over (/take), then say that again.",
    ),
    "unanswered": (
        "⏰ Клиент ждёт ответа с {since}.",
        "⏰ The customer has been waiting for an answer since {since}.",
    ),
    "already_taken": ("Уже взято: {name}.", "Already taken by {name}."),
    "taken_over": ("{name} теперь ведёт разговор вместо {from}.", "{name} has the conversation now instead of {from}."),
    "blocked": (
        "Клиент заблокирован: сообщение не отправлено. Снять: /unblock",
        "The customer is blocked: nothing was sent. To undo: /unblock",
    ),
    "unblocked": ("Клиент разблокирован.", "The customer is unblocked."),
    "no_such_flow": (
        "Сценария «{flow}» больше нет: бот начнёт как обычно.",
        "There is no flow {flow} any more: the bot goes on as usual.",
    ),
}
"""What the engine may tell by a code, with its values."""
