// The page around the frame. It may say only: hello, identity, shown, hidden, language, greet; and hears only:
// ready, unread, active, tip, identity, close. Its origin must be on the server's list, and every answer goes to
// it alone.

import { config } from "./nodes.js";

const GREETED_WITHIN = 1500;

export class Host {
  constructor() {
    this.framed = window.parent !== window;
    this.visible = !this.framed;
    this.origin = "";
    // What the chat does when the page says something; set before `ready`.
    this.on = {};
    // Resolves with the site's word on who its user is, "" for none.
    this.identity = new Promise((resolve) => {
      this.greeted = resolve;
      setTimeout(resolve, this.framed ? GREETED_WITHIN : 0, "");
    });
    window.addEventListener("message", (event) => {
      if (!this.framed || event.source !== window.parent || !known(event.origin) || !event.data) return;
      const { estafeta: what, identity, language, rule } = event.data;
      if (what === "hello") {
        this.origin = event.origin;
        this.greeted(String(identity || ""));
      } else if (event.origin !== this.origin) return;
      else if (what === "identity") this.on.identity(String(identity || ""));
      else if (what === "shown" || what === "hidden") {
        this.visible = what === "shown";
        this.on[what]();
      } else if (what === "language" && typeof language === "string") this.on.language(language);
      else if (what === "greet") this.on.greet(rule);
    });
  }

  tell(what, more) {
    if (this.origin) window.parent.postMessage({ estafeta: what, ...more }, this.origin);
  }
}

const known = (origin) => origin === location.origin || config.sites.includes("*") || config.sites.includes(origin);
