// How many columns make the rows of `count` things full, or leave the fewest places empty: at most `most`, and more than half of
// these.
export function columnsFor(count, most) {
  const empty = (columns) => (columns - (count % columns)) % columns;
  const all = Array.from({ length: Math.ceil(most / 2) }, (_, index) => most - index);
  return count <= most ? Math.max(count, 1) : all.toSorted((a, b) => empty(a) - empty(b))[0];
}
