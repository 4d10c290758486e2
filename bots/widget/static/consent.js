// What visitors agree to before anything is sent. Another text is asked for anew.

import { anchor, byId, config } from "./nodes.js";
import { told } from "./words.js";

const { version, text, link } = config.consent;

export class Consent {
  // given() when the visitor agrees.
  constructor(memory, given) {
    this.memory = memory;
    this.form = byId("consent");
    this.form.querySelector("button").addEventListener("click", () => {
      memory.set("consent", version);
      this.ask(false);
      given();
    });
  }

  get version() {
    return this.given ? version : "";
  }

  get given() {
    return !version || this.memory.get("consent") === version;
  }

  // Shows the question, or the chat.
  ask(needed = !this.given) {
    this.form.hidden = !needed;
    byId("composer").hidden = needed;
    document.querySelector("main").hidden = needed;
    byId("state").hidden = needed;
  }

  speak(words, language) {
    const [said, more, agree] = this.form.querySelectorAll("p, button");
    said.textContent = told(text, language);
    const address = told(link, language);
    const whole = address && anchor(address);
    if (whole) whole.textContent = words.terms;
    more.replaceChildren(...(whole ? [whole] : []));
    agree.textContent = words.agree;
  }
}
