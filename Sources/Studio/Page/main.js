// The start of Glow Studio: the model, the tabs and the token.

import { makeAddress, readAddress } from "./address.js";
import { getModel, getModels, onTokenNeeded, takeTokenFromAddress, useModel } from "./api.js";
import { byId, make, makeStatus } from "./controls.js";
import { count, size } from "./format.js";
import { makeHistory } from "./history.js";
import { followEnlarging } from "./lightbox.js";
import { followLooks, showPixels } from "./looks.js";
import { recall, remember } from "./memory.js";
import { makeTabs } from "./tabs.js";
import { isTool, makerOf } from "./tools.js";
import { explainTerms } from "./words.js";

// The panels before a tool has filled them: each model begins with such.
const panels = [...document.querySelectorAll("[role=tabpanel]")].map((panel) => panel.cloneNode(true));

async function start() {
  const status = makeStatus(byId("server-status"));
  status.busy("Loading the model…");
  try {
    const [models] = await Promise.all([getModels(), makerOf(firstTab())]);
    status.clear();
    await openStudio(models);
  } catch (error) {
    status.fail(error, start);
  }
}

const firstTab = () => (isTool(readAddress().tab) ? readAddress().tab : "sample");

async function openStudio(models) {
  const status = makeStatus(byId("server-status"));
  let studio;
  let tools = {};
  let shown = null;
  let address = null;
  let isVisiting = false;
  const isChoice = models.length > 1;
  const visited = readAddress();
  const modelOf = ({ fields }) => models.find(({ name }) => name === fields.get("model"));
  let model = modelOf(visited) ?? models.find(({ name }) => name === recall("model")) ?? models[0];

  // What is known of a model before the server has loaded it is not all.
  const load = async (wanted) => {
    useModel(isChoice ? wanted.name : null);
    if (wanted.isLoaded) return;
    status.busy(`Loading ${wanted.name}…`);
    Object.assign(wanted, await getModel());
    status.clear();
  };
  const makeTools = () => {
    for (const panel of panels) byId(panel.id).replaceWith(panel.cloneNode(true));
    tools = {};
    studio = {
      model, models, send, choose, made: (picture) => history.made(picture, address.hash()), changed: (isFilledIn) => address?.note(isFilledIn),
    };
    showModel(model, isChoice);
  };
  // Of the model that is shown by the time the tool's modules are there.
  const toolOf = async (name) => {
    const maker = await makerOf(name);
    return (tools[name] ??= maker(studio));
  };
  const failToOpen = (error) => status.fail(error, () => location.reload());
  const send = async (name, picture) => {
    await tabs.choose(name);
    tools[name]?.receive(picture);
    byId(`tab-${name}`).focus();
  };
  // Fails with the model that there was.
  const change = async (wanted) => {
    const before = model;
    for (const tool of Object.values(tools)) tool.hide?.();
    try {
      await load(wanted);
      model = wanted;
    } catch (error) {
      status.fail(error, () => choose(wanted));
      useModel(isChoice ? before.name : null);
    }
    byId("model").value = model.name;
    makeTools();
  };
  const choose = async (wanted) => {
    await change(wanted);
    remember("model", model.name);
    await tabs.refresh();
    address.step();
  };
  const visit = async ({ tab, fields }) => {
    isVisiting = true;
    const wanted = modelOf({ fields }) ?? model;
    const isOther = wanted !== model;
    if (isOther) await change(wanted);
    const tool = isTool(tab) && (await toolOf(tab).catch(failToOpen));
    tool?.restore?.(fields);
    if (isOther && tab === shown) await tabs.refresh();
    else if (tab === shown) tool.ask?.();
    else await tabs.choose(tab);
    isVisiting = false;
    history.refresh();
  };

  const history = makeHistory({ visit: (hash) => address.visit(hash) });
  try {
    await load(model);
  } catch (error) {
    return status.fail(error, () => openStudio(models));
  }
  makeTools();
  makeModelChoice(models, model, choose);
  (await toolOf(firstTab())).restore?.(visited.fields);
  const tabs = makeTabs(byId("tabs"), {
    prepare: (name) => toolOf(name).catch(failToOpen),
    onChange: (name, earlier) => {
      shown = name;
      status.clear();
      tools[earlier]?.hide?.();
      tools[name].show();
      document.title = `${byId(`tab-${name}`).textContent} · ${model.name} · Glow Studio`;
      if (earlier && !isVisiting) address.step();
    },
  });
  address = makeAddress({
    current: () => {
      const fields = tools[shown]?.state?.() ?? {};
      return { tab: shown, fields: isChoice ? { model: model.name, ...fields } : fields };
    },
    onVisit: visit,
    onWrite: () => history.refresh(),
  });
  await tabs.choose(firstTab());
  address.note(true);
}

// Nothing to choose where there is one.
function makeModelChoice(models, first, onChoose) {
  const select = byId("model");
  select.replaceChildren(...models.map(({ name }) => make("option", { value: name }, name)));
  select.value = first.name;
  byId("model-field").hidden = models.length < 2;
  select.onchange = () => onChoose(models.find(({ name }) => name === select.value));
}

function showModel(model, isChoice) {
  const colors = model.channels === 1 ? "gray" : "color";
  byId("model-name").textContent = isChoice ? "" : model.name;
  byId("model-facts").replaceChildren(
    make("span", {}, `${size(model.width, model.height)} ${colors}, ${model.bits} bits`),
    make("span", {}, `${count(model.parameters)} parameters`),
    make("span", {}, model.summary));
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
followEnlarging();
explainTerms();
onTokenNeeded(askForToken);
takeTokenFromAddress();
start();
