// What outlives a reload, in this origin's own storage: never in a URL, never on the shop's page.
// Where the browser refuses storage to frames of other sites (Chrome with third-party cookies blocked),
// who we are is kept in a partitioned cookie (https://developer.mozilla.org/docs/Web/Privacy/Guides/Privacy_sandbox/Partitioned_cookies)
// of this page alone; the rest lasts as long as the page.

// Each of the site's users has a memory of their own, `who`; "" is the unsigned visitor.
export function memoryOf(key, who) {
  const prefix = `estafeta:${key}:${who && `~${who}:`}`;
  const store = usable() || fallback();
  return {
    get: (name) => store.getItem(prefix + name),
    set(name, value) {
      try {
        store.setItem(prefix + name, value);
      } catch {
        // The storage is full: what is on the screen still works.
      }
    },
    remove: (name) => store.removeItem(prefix + name),
    names: (start) =>
      store.keys().filter((name) => name.startsWith(prefix + start)).map((name) => name.slice(prefix.length)),
    // Calls back when another tab of this visitor changed something.
    watch(changed) {
      window.addEventListener("storage", (event) => {
        if (event.key && event.key.startsWith(prefix)) changed(event.key.slice(prefix.length), event.newValue);
      });
    },
  };
}

function usable() {
  try {
    const storage = window.localStorage;
    storage.setItem("estafeta", "1");
    storage.removeItem("estafeta");
    return {
      getItem: (name) => storage.getItem(name),
      setItem: (name, value) => storage.setItem(name, value),
      removeItem: (name) => storage.removeItem(name),
      keys: () => Object.keys(storage),
    };
  } catch {
    return null;
  }
}

function fallback() {
  const values = new Map(cookies());
  return {
    getItem: (name) => values.get(name) ?? null,
    setItem(name, value) {
      values.set(name, value);
      if (KEPT.test(name)) keep(name, value, 31536000);
    },
    removeItem(name) {
      values.delete(name);
      if (KEPT.test(name)) keep(name, "", 0);
    },
    keys: () => [...values.keys()],
  };
}

const KEPT = /:(token|read|consent|greeted)$/;

function cookies() {
  return document.cookie
    .split("; ")
    .map((cookie) => cookie.split("="))
    .filter(([name]) => KEPT.test(decodeURIComponent(name)))
    .map(([name, value]) => [decodeURIComponent(name), decodeURIComponent(value)]);
}

function keep(name, value, seconds) {
  const rules = `Path=/widget/frame; Max-Age=${seconds}; Secure; SameSite=None; Partitioned`;
  document.cookie = `${encodeURIComponent(name)}=${encodeURIComponent(value)}; ${rules}`;
}
