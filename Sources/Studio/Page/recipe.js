// What the page just asked the server, for a terminal and for a program in Swift.

import { withModel } from "./api.js";
import { make } from "./controls.js";

// Fills `<details>`; `show(path, body, swift)` tells the last request.
export function makeRecipe(details) {
  const curl = make("code");
  const swift = make("code");
  details.append(
    make("summary", {}, "The same in a program"),
    make("h4", {}, "curl"), make("pre", { tabIndex: 0 }, curl), make("h4", {}, "Swift"), make("pre", { tabIndex: 0 }, swift));
  return {
    show: (path, body, lines) => {
      details.hidden = false;
      const address = location.origin + withModel(path);
      curl.textContent = `curl -s ${quoted(address)} -H 'Content-Type: application/json' \\\n  -d ${quoted(JSON.stringify(body))}`;
      swift.textContent = lines.join("\n");
    },
  };
}

// A picture as requests name it: one that was sent, by what the server keeps it.
export const named = ({ source, kept }) => (kept ? { kept, ...(source.label === undefined ? {} : { label: source.label }) } : source);

// The page knows a model by its name alone; a run's lies in a folder. Sliders need the directions beside it.
export const openModel = (model, isAlongDirections = false) =>
  `let model = try await ImageModel(${text(model.name)}${isAlongDirections ? ", findsAttributes: true" : ""})  // or its folder`;

export const openPictures = (names) => names.map((name) =>
  `let ${name} = try PixelImage(contentsOf: URL(filePath: "${name}.png"))`);

// A call with those arguments that are given, such as `model.edit([picture], by: [:])`.
export const call = (name, list) => `try await model.${name}(${argumentsOf(list)})`;

const argumentsOf = (list) => list
  .filter(([, value]) => value !== undefined).map(([label, value]) => (label ? `${label}: ${value}` : value)).join(", ");

// An `ImageModel.Change`; undefined where nothing is changed.
export function change(edits, direction, told) {
  const words = argumentsOf([["by", dictionary(edits)], ["along", edits && `.${direction}`], ["telling", dictionary(told)]]);
  return words === "" ? undefined : `.init(${words})`;
}

// A dictionary of numbers; undefined where there are none.
export function dictionary(values) {
  const pairs = Object.entries(values ?? {}).map(([name, value]) => `${text(name)}: ${value}`);
  return pairs.length === 0 ? undefined : `[${pairs.join(", ")}]`;
}

export const list = (values) => `[${values.join(", ")}]`;

const text = (string) => `"${string.replace(/["\\]/g, "\\$&")}"`;
const quoted = (string) => `'${string.replaceAll("'", "'\\''")}'`;
