// The events of a run, the newest first, and which of them are marked on its curves.

import { byId, make } from "./controls.js";
import { count } from "./format.js";

const mostShown = 200;
const marked = ["warning", "error", "critical"];

export function makeEvents() {
  const log = byId("training-log");
  let marks = [];
  let images = 0;
  let rollBacks = [];
  let resumes = 0;

  const showAny = () => {
    log.hidden = log.children.length === 0;
    byId("training-log-empty").hidden = !log.hidden;
  };

  return {
    marks: () => marks,
    clear: () => {
      [marks, rollBacks, images, resumes] = [[], [], 0, 0];
      log.replaceChildren();
      showAny();
    },
    add: (event) => {
      const { level, message = "", images: text, rollBacks: number } = event;
      if (text !== undefined) images = Number(text);
      if (marked.includes(level)) marks = [...marks, { images, text: message }];
      if (number !== undefined) rollBacks.push(images);
      if (message === "training" && images > 0) resumes += 1;
      log.prepend(makeRow(event));
      if (log.children.length > mostShown) log.lastChild.remove();
      showAny();
    },
    // What of the curves is not all that was trained.
    remark: (hasGoneBack) => {
      const times = (number) => (number === 1 ? "once" : `${count(number)} times`);
      const parts = [];
      if (resumes > 0) parts.push(`Resumed ${times(resumes)}.`);
      if (rollBacks.length > 0) {
        const last = `last to ${count(rollBacks.at(-1))} images`;
        parts.push(`Rolled back ${times(rollBacks.length)}, ${last}: what was trained after those places is left out.`);
      } else if (hasGoneBack) {
        parts.push("This run went back: what it had trained after that place is left out.");
      }
      return parts.join(" ");
    },
  };
}

function makeRow({ time, level, message, ...others }) {
  const inWords = (value) => (typeof value === "string" ? value : JSON.stringify(value));
  const details = Object.entries(others).map(([name, value]) => `${name} ${inWords(value)}`).join(", ");
  const date = new Date(time);
  const clock = Number.isNaN(date.valueOf()) ? "" : date.toLocaleString("sv");
  return make("li", { data: { level: level ?? "info" } },
    make("time", { dateTime: time ?? "" }, clock), " ",
    make("span", { className: "level" }, level ?? ""), " ",
    message ?? "", " ", make("span", { className: "small-print" }, details));
}
