// Folders of pictures that are dropped or chosen: all files below them, named by their paths.

import { types } from "./pictures.js";

// What was dropped: `found` are files with their names, `others` how many in folders are no pictures. The browser tells it only
// while the drop is handled, so this is called at once.
export async function droppedFiles({ items }) {
  const dropped = [...items].filter(({ kind }) => kind === "file")
    .map((item) => ({ file: item.getAsFile(), entry: item.webkitGetAsEntry?.() }));
  const folders = dropped.filter(({ entry }) => entry?.isDirectory);
  const below = await Promise.all(folders.map(({ entry }) => filesBelow(entry)));
  const { found, others } = picturesOf(below.flat());
  const alone = dropped.filter((one) => !folders.includes(one)).map(({ file }) => ({ file, name: file.name }));
  return { found: [...alone, ...found], others };
}

export const chosenFolder = (files) => picturesOf(files.map((file) => ({ file, name: file.webkitRelativePath })));

function picturesOf(files) {
  const found = files.filter(({ file }) => types.includes(file.type));
  const { compare } = new Intl.Collator("en", { numeric: true });
  return { found: found.sort((a, b) => compare(a.name, b.name)), others: files.length - found.length };
}

async function filesBelow(folder) {
  const files = [];
  for (const entry of await entriesOf(folder)) {
    if (entry.isDirectory) files.push(...await filesBelow(entry));
    else files.push({ file: await promised((...both) => entry.file(...both)), name: entry.fullPath.slice(1) });
  }
  return files;
}

// A reader gives some at a time, and none at the end.
async function entriesOf(folder) {
  const reader = folder.createReader();
  const entries = [];
  for (;;) {
    const some = await promised((...both) => reader.readEntries(...both));
    if (some.length === 0) return entries;
    entries.push(...some);
  }
}

const promised = (ask) => new Promise((done, fail) => ask(done, () => fail(new Error("The folder can not be read."))));
