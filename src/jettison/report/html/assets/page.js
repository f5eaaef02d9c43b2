"use strict";
// What all pages share: the document, elements built without HTML text, numbers, the theme.
const J = {};

J.data = JSON.parse(document.getElementById("document").textContent);

// An element: attributes, then children. Strings become text, never markup.
J.el = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
};

// As the command line shows sizes: three digits, decimal units.
J.size = (bytes) => {
  let value = bytes;
  for (const unit of ["B", "kB", "MB", "GB", "TB"]) {
    if (value < 999.5 || unit === "TB") return `${Number(value.toPrecision(3))}\u202f${unit}`;
    value /= 1000;
  }
  return "";
};

J.count = (value) => String(value).replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f");

J.plural = (value, one, many) => `${J.count(value)} ${value === 1 ? one : many}`;

J.percent = (part, whole) => {
  const share = whole > 0 ? (100 * part) / whole : 0;
  if (share > 0 && share < 0.1) return "<\u202f0.1\u202f%";
  return `${share < 10 ? Number(share.toFixed(1)) : Math.round(share)}\u202f%`;
};

// Values that several parts of a page follow: `set` tells everybody who asked for it.
J.store = (initial) => {
  const followers = [];
  let state = initial;
  return {
    get: () => state,
    set: (change) => {
      const before = state;
      state = { ...state, ...change };
      for (const follow of followers) follow(state, before);
    },
    follow: (follow) => followers.push(follow),
  };
};

// Tabs: buttons that name panels by aria-controls; arrow keys move between them.
J.tabs = (list) => {
  const tabs = [...list.querySelectorAll("[role=tab]")];
  const show = (chosen) => {
    for (const tab of tabs) {
      const on = tab === chosen;
      tab.setAttribute("aria-selected", on);
      tab.tabIndex = on ? 0 : -1;
      document.getElementById(tab.getAttribute("aria-controls")).hidden = !on;
    }
  };
  for (const tab of tabs) tab.addEventListener("click", () => show(tab));
  list.addEventListener("keydown", (event) => {
    const at = tabs.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    const tab = tabs[(to + tabs.length) % tabs.length];
    show(tab);
    tab.focus();
  });
  show(tabs[0]);
  return { show: (panel) => show(tabs.find((tab) => tab.getAttribute("aria-controls") === panel)) };
};

// The theme button goes round: as the system has it, light, dark.
(() => {
  const button = document.getElementById("theme");
  const order = ["auto", "light", "dark"];
  const root = document.documentElement;
  const tell = () => {
    const theme = root.dataset.theme ?? "auto";
    button.querySelector("[data-theme-name]").textContent = theme;
    button.setAttribute("aria-label", `Theme: ${theme}. Change it`);
  };
  button.addEventListener("click", () => {
    const next = order[(order.indexOf(root.dataset.theme ?? "auto") + 1) % order.length];
    if (next === "auto") delete root.dataset.theme;
    else root.dataset.theme = next;
    try {
      if (next === "auto") localStorage.removeItem("jettison-theme");
      else localStorage.setItem("jettison-theme", next);
    } catch {
      // Without storage the choice lasts as long as the page.
    }
    tell();
  });
  tell();
})();

// The section that is being read is the one marked in the navigation.
(() => {
  const links = new Map(
    [...document.querySelectorAll(".nav a[href^='#']")].map((a) => [a.hash.slice(1), a]),
  );
  const seen = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        for (const a of links.values()) a.removeAttribute("aria-current");
        const link = links.get(entry.target.id);
        link?.setAttribute("aria-current", "true");
        // On a narrow screen the links are wider than it is.
        const bar = link?.parentElement;
        bar?.scrollTo({ left: link.offsetLeft - bar.offsetLeft - bar.clientWidth / 3 });
      }
    },
    { rootMargin: "-20% 0px -70% 0px" },
  );
  for (const id of links.keys()) {
    const section = document.getElementById(id);
    if (section) seen.observe(section);
  }
})();
