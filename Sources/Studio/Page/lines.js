// The lines of metrics of a run, as they come.

export function makeLines() {
  const all = [];
  return {
    all,
    // Where the run went back, it writes lines anew: those from there on are dropped. Returns whether some were.
    take: (line) => {
      const count = all.length;
      while (all.length > 0 && all.at(-1).images >= line.images) all.pop();
      all.push(line);
      return all.length <= count;
    },
    clear: () => (all.length = 0),
  };
}
