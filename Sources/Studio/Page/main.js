// The start of Glow Studio: the model, the tabs and the token.

import { getModel, onTokenNeeded, takeTokenFromAddress } from "./api.js";
import { byId, make, makeStatus } from "./controls.js";
import { makeEdit } from "./edit.js";
import { count, size } from "./format.js";
import { makeMix } from "./mix.js";
import { makeSample } from "./sample.js";
import { makeScore } from "./score.js";
import { makeTabs } from "./tabs.js";
import { makeTraining } from "./training.js";

const makers = { sample: makeSample, edit: makeEdit, mix: makeMix, score: makeScore, training: makeTraining };

// Models up to this width are shown with hard pixels; larger images look better smoothed.
const largestPixelated = 128;

async function start() {
  const status = makeStatus(byId("server-status"));
  status.busy("Loading the model…");
  try {
    const model = await getModel();
    status.clear();
    openStudio(model);
  } catch (error) {
    status.fail(error, start);
  }
}

function openStudio(model) {
  showModel(model);
  const tools = {};
  const studio = {
    model,
    send: (name, picture) => {
      chooseTab(name);
      tools[name].receive(picture);
      byId(`tab-${name}`).focus();
    },
  };
  for (const [name, maker] of Object.entries(makers)) tools[name] = maker(studio);
  const chooseTab = makeTabs(byId("tabs"), (name, earlier) => {
    tools[earlier]?.hide?.();
    tools[name].show();
    document.title = `${byId(`tab-${name}`).textContent} · ${model.name} · Glow Studio`;
  });
}

function showModel(model) {
  const colors = model.channels === 1 ? "gray" : "color";
  byId("model-facts").replaceChildren(
    make("strong", {}, model.name),
    make("span", {}, model.summary),
    make("span", {}, `${size(model.width, model.height)} ${colors}, ${model.bits} bits`),
    make("span", {}, `${count(model.parameters)} parameters`));
  document.documentElement.classList.toggle("is-pixelated", model.width <= largestPixelated);
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
onTokenNeeded(askForToken);
takeTokenFromAddress();
start();
