// The tab "Training": the runs, one of them live, and others laid over its curves.

import { getRuns } from "./api.js";
import { makeCompare } from "./compare.js";
import { byId, make, makeStatus } from "./controls.js";
import { makeCurves } from "./curves.js";
import { makeFilm } from "./film.js";
import { follow } from "./follow.js";
import { recall, remember } from "./memory.js";
import { makeOthers } from "./others.js";
import { inOrder, shortNames } from "./runnames.js";
import { makeRunView } from "./runview.js";

// When the stream of a run in training ends, its new state is asked for.
const endDelay = 2000;
const lookAgain = 15_000;

export function makeTraining({ changed }) {
  const status = makeStatus(byId("training-status"));
  const select = byId("training-run");
  const draw = () => {
    const shown = [{ run, slot: 0 }, ...compare.chosen()];
    const names = shortNames(shown.map((one) => one.run.run));
    const linesOf = ({ id }) => (id === run.id ? view.lines() : others.linesOf(id));
    curves.show(shown.map((one, index) => ({ name: names[index], slot: one.slot, lines: linesOf(one.run) })), view.marks());
    showRemarks(shown.slice(1).map((one) => one.run));
  };
  const curves = makeCurves({ changed });
  const film = makeFilm(changed);
  const view = makeRunView(film, draw);
  const others = makeOthers(() => run && draw());
  const compare = makeCompare(() => {
    changed();
    readOthers();
    draw();
  });
  let runs = [];
  let run = null;
  let isShown = false;
  let visited = null;
  let stop = () => {};
  let timer;

  const load = async () => {
    status.busy("Looking for runs…");
    try {
      runs = inOrder(await getRuns());
      status.clear();
      showRuns();
      lookLater();
    } catch (error) {
      status.fail(error, load);
    }
  };

  // Runs that begin and end are seen without being asked for.
  const lookLater = () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      if (!isShown || document.hidden) return;
      const found = await getRuns().catch(() => null);
      if (found && isShown) takeRuns(inOrder(found));
      lookLater();
    }, lookAgain);
  };

  const takeRuns = (found) => {
    runs = found;
    const now = runs.find(({ id }) => id === run?.id);
    const hasBegun = now?.state === "training" && run.state !== "training";
    if (!now || hasBegun) return showRuns();
    listRuns();
    readOthers();
  };

  const listRuns = () => {
    const chosen = select.value;
    const options = runs.map(({ id, run: path, state }) => make("option", { value: id }, `${path} (${state})`));
    const isOther = options.length !== select.length || options.some(({ text }, index) => text !== select.options[index].text);
    if (isOther) select.replaceChildren(...options);
    if (isOther && chosen !== "") select.value = chosen;
    compare.show(runs, select.value);
  };

  const showRuns = () => {
    const shown = [visited, select.value, recall("run")].find((id) => runs.some((one) => one.id === id)) ?? runs[0]?.id;
    visited = null;
    listRuns();
    if (shown !== undefined) select.value = shown;
    changed(true);
    select.disabled = runs.length === 0;
    byId("training-empty").hidden = runs.length > 0;
    byId("training-content").hidden = runs.length === 0;
    if (runs.length > 0) watch();
  };

  const watch = () => {
    stop();
    run = runs.find(({ id }) => id === select.value);
    const { id, state } = run;
    compare.show(runs, id);
    view.open(run);
    if (!isShown || document.hidden) return;
    readOthers();
    stop = follow(id, {
      start: () => {
        view.restart();
        status.say(state === "training" ? "Live" : "");
      },
      event: view.take,
      end: () => {
        view.end();
        status.clear();
        if (state === "training") setTimeout(() => isShown && load(), endDelay);
      },
      broke: (error, seconds) => {
        const again = seconds === null ? "" : ` Trying again in ${seconds} s.`;
        status.fail({ message: error.message + again }, watch);
      },
    });
  };

  const readOthers = () => {
    const chosen = compare.chosen().map((one) => one.run);
    others.read(chosen.map(({ id }) => id), chosen.filter(({ state }) => state === "training").map(({ id }) => id));
  };

  const showRemarks = (shown) => {
    const problems = shown.filter(({ id }) => others.problemOf(id)).map(({ id, run: path }) => `${path}: ${others.problemOf(id)}`);
    const isMixed = shown.some(({ data }) => data && run.data && data !== run.data);
    if (isMixed) problems.push("Not all of these runs train on the same images: their bits/dim do not compare.");
    byId("training-compare-remark").textContent = problems.join(" ");
  };

  const rest = () => {
    stop();
    others.stop();
    film.stop();
    clearTimeout(timer);
  };

  const pauseOrGoOn = () => {
    if (!isShown) return;
    if (document.hidden) rest();
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
    state: () => (select.value === "" ? {} : { run: select.value, ...compare.state(), ...curves.state(), ...film.state() }),
    restore: (fields) => {
      visited = fields.get("run");
      for (const part of [compare, curves, film]) part.restore(fields);
    },
    show: () => {
      isShown = true;
      load();
    },
    hide: () => {
      isShown = false;
      rest();
    },
  };
}
