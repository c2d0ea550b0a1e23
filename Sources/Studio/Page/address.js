// What the page shows, in its address: the tab, the model, and what a tab is set to. A reload, Back and a copied address bring it back,
// and so Back and Forward undo and redo.

import { byId } from "./controls.js";

// A slider that moves is one change, once it rests so long.
const rest = 400;
const lastKey = "glow-studio-last-place";

export function readAddress() {
  const [tab, query = ""] = location.hash.slice(1).split("?", 2);
  return { tab, fields: new URLSearchParams(query) };
}

// `current()` is the tab and the fields of what is shown; `onVisit(address)` shows another; `onWrite()` follows a change of the address.
export function makeAddress({ current, onVisit, onWrite }) {
  let timer;
  let isStep = false;
  let last = history.state === null ? 0 : Number(sessionStorage.getItem(lastKey) ?? 0);

  const place = () => history.state?.place ?? 0;
  const showButtons = () => {
    byId("undo").disabled = place() === 0;
    byId("redo").disabled = place() >= last;
  };
  const text = () => {
    const { tab, fields } = current();
    const query = new URLSearchParams(fields).toString();
    return query === "" ? `#${tab}` : `#${tab}?${query}`;
  };
  const write = () => {
    clearTimeout(timer);
    const hash = text();
    if (hash !== location.hash && isStep) {
      push(hash);
    } else if (hash !== location.hash) {
      history.replaceState({ place: place() }, "", hash);
    }
    isStep = false;
    showButtons();
    onWrite();
  };

  const push = (hash) => {
    last = place() + 1;
    history.pushState({ place: last }, "", hash);
    sessionStorage.setItem(lastKey, last);
  };

  addEventListener("popstate", () => {
    const address = readAddress();
    if (address.fields.size === 0 && address.tab.startsWith("token=")) return;
    clearTimeout(timer);
    isStep = false;
    onVisit(address);
    showButtons();
  });
  byId("undo").onclick = () => history.back();
  byId("redo").onclick = () => history.forward();
  byId("copy-link").onclick = async () => {
    write();
    const said = byId("copied");
    try {
      await navigator.clipboard.writeText(location.href);
      said.textContent = "The link is copied.";
    } catch {
      said.textContent = "The browser copies nothing here: take the link from its address line.";
    }
    setTimeout(() => (said.textContent = ""), 5000);
  };
  byId("places").hidden = false;
  showButtons();
  return {
    // What names what is shown now, also before it is written.
    hash: text,
    // Shows what another address names, as a step to go back by.
    visit: (hash) => {
      write();
      push(hash);
      onVisit(readAddress());
      showButtons();
    },
    // Something changed, and may go on changing: a step to go back by, unless nothing was chosen and the page filled it in.
    note: (isFilledIn = false) => {
      isStep ||= !isFilledIn;
      clearTimeout(timer);
      timer = setTimeout(write, rest);
    },
    // Another tab or model is shown.
    step: () => {
      isStep = true;
      write();
    },
  };
}

// Numbers by name, such as the strengths of attributes, as fields whose names begin with `prefix`.
export function fieldsOf(prefix, numbers) {
  return Object.fromEntries(Object.entries(numbers).map(([name, value]) => [prefix + name, String(value)]));
}

export function numbersIn(fields, prefix) {
  const found = [...fields].filter(([name, value]) => name.startsWith(prefix) && Number.isFinite(Number(value)));
  return Object.fromEntries(found.map(([name, value]) => [name.slice(prefix.length), Number(value)]));
}
