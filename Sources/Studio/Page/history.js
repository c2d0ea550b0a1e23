// What was made lately: a strip of pictures, each of which goes back to what made it, or stands beside what there is now.

import { byId, make } from "./controls.js";

const most = 20;
const rest = 600; // milliseconds, longer than an address takes to be written
const key = "glow-studio-history";

// `visit(hash)` shows what an address names.
export function makeHistory({ visit }) {
  let entries = recall();
  let latest = null;
  let opened = null;
  let timer;

  const add = () => {
    const before = entries.find(({ hash }) => hash === latest.hash);
    if (before) Object.assign(before, latest);
    else entries.push(latest);
    const kept = entries.filter(({ isPinned }) => !isPinned).slice(-most);
    entries = entries.filter((one) => one.isPinned || kept.includes(one));
    show();
  };

  const show = () => {
    keep(entries);
    byId("history").hidden = entries.length < 2;
    byId("pin").disabled = entries.every(({ hash }) => hash !== location.hash);
    byId("pin").setAttribute("aria-pressed", entries.some(({ hash, isPinned }) => isPinned && hash === location.hash));
    const sorted = entries.toSorted((a, b) => Boolean(b.isPinned) - Boolean(a.isPinned));
    byId("history-list").replaceChildren(...sorted.map((entry) => {
      const button = make("button", { type: "button", className: "picture-button", title: entry.name, onclick: () => compare(entry) },
        make("img", { className: "picture", src: entry.url, alt: entry.name }));
      if (entry.isPinned) button.append(make("span", { className: "badge" }, "Pinned"));
      if (entry.hash === location.hash) button.setAttribute("aria-current", "true");
      return make("li", {}, button);
    }));
  };

  const compare = (entry) => {
    opened = entry;
    const now = entries.find(({ hash }) => hash === location.hash) ?? latest ?? entry;
    for (const [place, { url, name }, when] of [["then", entry, "Then"], ["now", now, "Now"]]) {
      Object.assign(byId(`compare-${place}`), { src: url, alt: name });
      byId(`compare-${place}-name`).textContent = `${when}: ${name}`;
    }
    byId("compare-pin").setAttribute("aria-pressed", Boolean(entry.isPinned));
    byId("compare").showModal();
  };

  const pin = (entry) => {
    entry.isPinned = !entry.isPinned;
    show();
  };

  byId("pin").onclick = () => pin(entries.find(({ hash }) => hash === location.hash));
  byId("compare-pin").onclick = () => {
    pin(opened);
    byId("compare-pin").setAttribute("aria-pressed", opened.isPinned);
  };
  byId("compare-close").onclick = () => byId("compare").close();
  byId("compare-return").onclick = () => {
    byId("compare").close();
    visit(opened.hash);
  };
  show();
  return {
    // A result is there; it counts once it has rested.
    made: ({ url, name }, hash) => {
      latest = { url, name, hash };
      clearTimeout(timer);
      timer = setTimeout(add, rest);
    },
    // Another address is shown.
    refresh: show,
  };
}

function recall() {
  try {
    return JSON.parse(sessionStorage.getItem(key)) ?? [];
  } catch {
    return [];
  }
}

// A browser may have no room for many large pictures.
function keep(entries) {
  try {
    sessionStorage.setItem(key, JSON.stringify(entries));
  } catch {
    sessionStorage.removeItem(key);
  }
}
