// The tabs, with arrow keys.

import { byId } from "./controls.js";

// Begins with the tab `first`, if there is such a one, and calls `onChange(name, earlierName)` whenever a tab is chosen. Returns the
// functions that choose one, and that show the chosen one in panels that are new.
export function makeTabs(list, first, onChange) {
  const tabs = [...list.querySelectorAll("[role=tab]")];
  const names = tabs.map((tab) => tab.id.replace("tab-", ""));
  let chosen = null;

  const choose = (name) => {
    if (name === chosen || !names.includes(name)) return;
    const earlier = chosen;
    chosen = name;
    show(earlier);
  };
  const show = (earlier) => {
    tabs.forEach((tab, index) => {
      const isChosen = names[index] === chosen;
      tab.setAttribute("aria-selected", isChosen);
      tab.tabIndex = isChosen ? 0 : -1;
      byId(tab.getAttribute("aria-controls")).hidden = !isChosen;
    });
    onChange(chosen, earlier);
  };
  list.addEventListener("click", (event) => choose(names[tabs.indexOf(event.target)]));
  list.addEventListener("keydown", (event) => {
    const from = names.indexOf(chosen);
    const target = { ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: -1 }[event.key];
    if (target === undefined) return;
    event.preventDefault();
    const index = (target + tabs.length) % tabs.length;
    choose(names[index]);
    tabs[index].focus();
  });
  list.hidden = false;
  choose(names.includes(first) ? first : names[0]);
  return { choose, refresh: () => show(null) };
}
