// The tab "Training": the runs, and one of them live.

import { getRuns } from "./api.js";
import { byId, make, makeStatus } from "./controls.js";
import { follow } from "./follow.js";
import { recall, remember } from "./memory.js";
import { makeRunView } from "./runview.js";

// When the stream of a run in training ends, its new state is asked for.
const endDelay = 2000;

export function makeTraining({ changed }) {
  const status = makeStatus(byId("training-status"));
  const select = byId("training-run");
  const view = makeRunView();
  let runs = [];
  let isShown = false;
  let visited = null;
  let stop = () => {};

  const load = async () => {
    status.busy("Looking for runs…");
    try {
      runs = await getRuns();
      status.clear();
      showRuns();
    } catch (error) {
      status.fail(error, load);
    }
  };

  const showRuns = () => {
    const shown = [visited, select.value, recall("run")].find((id) => runs.some((run) => run.id === id)) ?? newest(runs)?.id;
    visited = null;
    select.replaceChildren(...runs.map(({ id, run, state }) => make("option", { value: id }, `${run} (${state})`)));
    if (shown !== undefined) select.value = shown;
    changed(true);
    select.disabled = runs.length === 0;
    byId("training-empty").hidden = runs.length > 0;
    byId("training-content").hidden = runs.length === 0;
    if (runs.length > 0) watch();
  };

  const watch = () => {
    stop();
    const run = runs.find(({ id }) => id === select.value);
    view.open(run);
    if (!isShown || document.hidden) return;
    stop = follow(run.id, {
      start: () => {
        view.restart();
        status.say(run.state === "training" ? "Live" : "");
      },
      event: view.take,
      end: () => {
        status.clear();
        if (run.state === "training") setTimeout(() => isShown && load(), endDelay);
      },
      broke: (error, seconds) => {
        const again = seconds === null ? "" : ` Trying again in ${seconds} s.`;
        status.fail({ message: error.message + again }, watch);
      },
    });
  };

  const pauseOrGoOn = () => {
    if (!isShown) return;
    if (document.hidden) stop();
    else if (runs.length > 0) watch();
    else load();
  };

  select.addEventListener("change", () => {
    remember("run", select.value);
    changed();
    watch();
  });
  byId("training-refresh").onclick = load;
  document.addEventListener("visibilitychange", pauseOrGoOn);
  return {
    ask: load,
    state: () => (select.value === "" ? {} : { run: select.value }),
    restore: (fields) => (visited = fields.get("run")),
    show: () => {
      isShown = true;
      load();
    },
    hide: () => {
      isShown = false;
      stop();
    },
  };
}

// Of those that are being trained, else of all, the one that was written last.
function newest(runs) {
  const active = runs.filter(({ state }) => state === "training");
  const time = ({ lastWritten }) => Date.parse(lastWritten ?? "") || 0;
  return (active.length > 0 ? active : runs).toSorted((a, b) => time(b) - time(a))[0];
}
