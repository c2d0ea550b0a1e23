// The start of Glow Studio: the model, the tabs and the token.

import { makeAbout } from "./about.js";
import { makeAddress, readAddress } from "./address.js";
import { getModels, onTokenNeeded, takeTokenFromAddress, useModel } from "./api.js";
import { byId, make, makeStatus } from "./controls.js";
import { makeEdit } from "./edit.js";
import { count, size } from "./format.js";
import { followLooks, showPixels } from "./looks.js";
import { recall, remember } from "./memory.js";
import { makeMix } from "./mix.js";
import { makeSample } from "./sample.js";
import { makeScore } from "./score.js";
import { makeTabs } from "./tabs.js";
import { makeTraining } from "./training.js";
import { explainTerms } from "./words.js";

const makers = { sample: makeSample, edit: makeEdit, mix: makeMix, score: makeScore, training: makeTraining, about: makeAbout };

// The panels before a tool has filled them: each model begins with such.
const panels = [...document.querySelectorAll("[role=tabpanel]")].map((panel) => panel.cloneNode(true));

async function start() {
  const status = makeStatus(byId("server-status"));
  status.busy("Loading the model…");
  try {
    const models = await getModels();
    status.clear();
    openStudio(models);
  } catch (error) {
    status.fail(error, start);
  }
}

function openStudio(models) {
  let tools = {};
  let shown = null;
  const visited = readAddress();
  const modelOf = ({ fields }) => models.find(({ name }) => name === fields.get("model"));
  let model = modelOf(visited) ?? models.find(({ name }) => name === recall("model")) ?? models[0];
  const makeTools = () => {
    useModel(models.length > 1 ? model.name : null);
    for (const panel of panels) byId(panel.id).replaceWith(panel.cloneNode(true));
    tools = Object.fromEntries(Object.entries(makers).map(([name, maker]) => [name, maker({ model, send, made: () => {}, changed: (isFilledIn) => address?.note(isFilledIn) })]));
    showModel(model, models.length > 1);
  };
  const send = (name, picture) => {
    tabs.choose(name);
    tools[name].receive(picture);
    byId(`tab-${name}`).focus();
  };
  const change = (chosen) => {
    for (const tool of Object.values(tools)) tool.hide?.();
    model = chosen;
    makeTools();
  };
  let address = null;
  let isVisiting = false;
  makeTools();
  makeModelChoice(models, model, (chosen) => {
    change(chosen);
    tabs.refresh();
    address.step();
  });
  tools[visited.tab]?.restore?.(visited.fields);
  const tabs = makeTabs(byId("tabs"), visited.tab, (name, earlier) => {
    shown = name;
    tools[earlier]?.hide?.();
    tools[name].show();
    document.title = `${byId(`tab-${name}`).textContent} · ${model.name} · Glow Studio`;
    if (!isVisiting) address?.step();
  });
  address = makeAddress({
    current: () => {
      const fields = tools[shown].state?.() ?? {};
      return { tab: shown, fields: models.length > 1 ? { model: model.name, ...fields } : fields };
    },
    onVisit: ({ tab, fields }) => {
      isVisiting = true;
      const wanted = modelOf({ fields }) ?? model;
      const isOther = wanted !== model;
      if (isOther) {
        change(wanted);
        byId("model").value = model.name;
      }
      tools[tab]?.restore?.(fields);
      if (isOther && tab === shown) tabs.refresh();
      else if (tab === shown) tools[tab].ask?.();
      else tabs.choose(tab);
      isVisiting = false;
    },
  });
  address.note(true);
}

// Nothing to choose where there is one.
function makeModelChoice(models, first, onChoose) {
  const select = byId("model");
  select.replaceChildren(...models.map(({ name }) => make("option", { value: name }, name)));
  select.value = first.name;
  byId("model-field").hidden = models.length < 2;
  select.onchange = () => {
    remember("model", select.value);
    onChoose(models.find(({ name }) => name === select.value));
  };
}

function showModel(model, isChoice) {
  const colors = model.channels === 1 ? "gray" : "color";
  byId("model-facts").replaceChildren(
    ...(isChoice ? [] : [make("strong", {}, model.name)]),
    make("span", {}, model.summary),
    make("span", {}, `${size(model.width, model.height)} ${colors}, ${model.bits} bits`),
    make("span", {}, `${count(model.parameters)} parameters`));
  showPixels(model);
}

// Asks for the token in a dialog; the promise is of "" when it is closed.
function askForToken(reason) {
  const dialog = byId("token-dialog");
  const field = byId("token");
  byId("token-status").textContent = reason;
  dialog.showModal();
  return new Promise((done) => {
    const close = (token) => {
      dialog.close();
      field.value = "";
      done(token);
    };
    byId("token-form").onsubmit = (event) => {
      event.preventDefault();
      close(field.value.trim());
    };
    byId("token-cancel").onclick = () => close("");
    dialog.oncancel = () => close("");
  });
}

byId("skip-link").addEventListener("click", (event) => {
  event.preventDefault(); // the fragment belongs to the tabs
  byId("main").focus();
});
addEventListener("hashchange", () => takeTokenFromAddress() && location.reload());
// A file that is dropped beside a tool must not replace the page.
for (const name of ["dragover", "drop"]) addEventListener(name, (event) => event.preventDefault());
followLooks();
explainTerms();
onTokenNeeded(askForToken);
takeTokenFromAddress();
start();
