// What the server's entries add up to: messages, with what was edited, taken back and reacted to since.

export class Thread {
  constructor() {
    this.clear();
  }

  clear() {
    this.messages = [];
    this.known = new Map();
  }

  // The message that this entry adds or changes, null for neither.
  take(entry) {
    if (entry.kind === "said" || entry.kind === "event") return this.add(entry);
    const message = this.known.get(entry.of) || this.known.get(entry.of_client);
    if (entry.kind === "edit") {
      if (!message) return this.add({ ...entry, edited: true });
      // The files of new words are where those words are.
      Object.assign(message, {
        text: entry.text, marks: entry.marks, parts: entry.parts, files: entry.seq, edited: true,
      });
    } else if (!message) return null;
    else if (entry.kind === "deletion") message.deleted = true;
    else message.reactions[entry.author === "customer" ? "customer" : "operator"] = entry.emoji;
    return message;
  }

  add(entry) {
    const message = { files: entry.seq, ...entry, fresh: true, reactions: {} };
    this.messages.push(message);
    this.known.set(entry.id, message);
    if (entry.client_id) this.known.set(entry.client_id, message);
    return message;
  }

  find(id) {
    return this.known.get(id);
  }
}
