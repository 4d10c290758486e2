// The page around the frame. It may say only: hello, shown, hidden, language; and hears only: ready,
// unread, active, close. Its origin must be on the server's list, and every answer goes to it alone.

const sites = document.documentElement.dataset.sites.split(" ");

export class Host {
  constructor({ shown, hidden, language }) {
    this.framed = window.parent !== window;
    this.visible = !this.framed;
    this.origin = "";
    window.addEventListener("message", (event) => {
      if (!this.framed || event.source !== window.parent || !known(event.origin) || !event.data) return;
      const { estafeta: what } = event.data;
      if (what === "hello") {
        this.origin = event.origin;
        this.tell("ready");
      } else if (event.origin !== this.origin) return;
      else if (what === "shown" || what === "hidden") {
        this.visible = what === "shown";
        (this.visible ? shown : hidden)();
      } else if (what === "language" && typeof event.data.language === "string") language(event.data.language);
    });
  }

  tell(what, more) {
    if (this.origin) window.parent.postMessage({ estafeta: what, ...more }, this.origin);
  }
}

const known = (origin) => origin === location.origin || sites.includes("*") || sites.includes(origin);
