// The tabs, with arrow keys.

import { byId } from "./controls.js";

// `prepare(name)` is a promise of something where the tab can be shown; then `onChange(name, earlierName)` is called. Returns the functions
// that choose a tab, and that show the chosen one in panels that are new.
export function makeTabs(list, { prepare, onChange }) {
  const tabs = [...list.querySelectorAll("[role=tab]")];
  const names = tabs.map((tab) => tab.id.replace("tab-", ""));
  let chosen = null;
  let shown = null;

  const choose = async (name) => {
    if (name === chosen || !names.includes(name)) return;
    chosen = name;
    await show();
  };
  const show = async () => {
    const name = chosen;
    const isReady = await prepare(name);
    if (name !== chosen) return;
    if (!isReady) return (chosen = shown);
    tabs.forEach((tab, index) => {
      const isChosen = names[index] === name;
      tab.setAttribute("aria-selected", isChosen);
      tab.tabIndex = isChosen ? 0 : -1;
      byId(tab.getAttribute("aria-controls")).hidden = !isChosen;
    });
    const earlier = shown;
    shown = name;
    onChange(name, earlier);
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
  return {
    choose,
    refresh: () => {
      shown = null;
      return show();
    },
  };
}
