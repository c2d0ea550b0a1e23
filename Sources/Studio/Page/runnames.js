// Runs by their paths.

// Each without the folders that all have in common.
export function shortNames(paths) {
  const parts = paths.map((path) => path.split("/"));
  const most = Math.min(...parts.map((names) => names.length)) - 1;
  let common = 0;
  if (paths.length > 1) while (common < most && parts.every((names) => names[common] === parts[0][common])) common += 1;
  return parts.map((names) => names.slice(common).join("/"));
}

// Those in training first, then those written last.
export function inOrder(runs) {
  const time = ({ lastWritten }) => Date.parse(lastWritten ?? "") || 0;
  const isActive = ({ state }) => Number(state === "training");
  return runs.toSorted((a, b) => isActive(b) - isActive(a) || time(b) - time(a));
}
