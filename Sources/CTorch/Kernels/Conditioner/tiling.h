// How the rows of a matrix are shared out: tiles that a core's cache holds, and for each worker a chunk of them.
#pragma once

#include <vector>

#include "parallel.h"
#include "patches.h"

namespace ctorch {

struct Tiling {
  int64_t rows, tile, tiles, workers;

  Tiling(int64_t rows, int64_t largest_tile) : rows(rows) {
    const int64_t threads = at::get_num_threads(), share = (rows + threads - 1) / threads;
    // Not so large that a thread would have nothing to do.
    tile = std::clamp((share + 7) / 8 * 8, int64_t{8}, largest_tile);
    tiles = (rows + tile - 1) / tile;
    workers = std::min(threads, tiles);
  }

  /// Where a worker's chunk begins; for the number of workers, `rows`.
  int64_t first_row(int64_t worker) const { return std::min(rows, tiles * worker / workers * tile); }

  /// Calls `body(worker, begin, end)` with the rows of each tile, every worker's in order.
  template <class Body>
  void for_each_tile(const Body &body) const {
    parallel_for(workers, 1, [&](int64_t first, int64_t last) {
      for (int64_t worker = first; worker < last; worker++) {
        for (int64_t t = tiles * worker / workers; t < tiles * (worker + 1) / workers; t++) {
          body(worker, t * tile, std::min(rows, (t + 1) * tile));
        }
      }
    });
  }
};

/// Columns of patches that workers write tile by tile and add up line by line: a worker does a line as soon as it has
/// written those beside it, while they are in the cache, and leaves the lines at the ends of its chunk for later.
template <class Scalar, class Finish>
class Lines {
 public:
  /// `finish(line, pixels)` sees each line when its sums are complete.
  Lines(const Tiling &tiling, const Geometry &geometry, Scalar *columns, Scalar *output, const Finish &finish)
      : tiling(tiling), g(geometry), columns(columns), output(output), finish(finish) {
    for (int64_t worker = 0; worker <= tiling.workers; worker++) {
      const int64_t line = (tiling.first_row(worker) + g.width - 1) / g.width, row = line % g.height;
      const bool is_whole = row == 0 || worker == tiling.workers;
      next.push_back(is_whole ? line : std::min(line + g.taps.below(), line - row + g.height));
    }
    first = next;
  }

  /// A worker has written all rows of its own before `end`.
  void advance(int64_t worker, int64_t end) {
    int64_t line = next[worker];
    while (line + std::min(g.taps.above(), g.height - 1 - line % g.height) < end / g.width) add_up(line++);
    next[worker] = line;
  }

  /// All workers are done.
  void complete() {
    parallel_for(tiling.workers, 1, [&](int64_t begin, int64_t end) {
      for (int64_t worker = begin; worker < end; worker++) {
        for (int64_t line = next[worker]; line < first[worker + 1]; line++) add_up(line);
      }
    });
  }

 private:
  void add_up(int64_t line) {
    Scalar *const pixels = output + line * g.width * g.channels;
    scatter_line(static_cast<const Scalar *>(columns), g, line, pixels);
    finish(line, pixels);
  }

  const Tiling &tiling;
  const Geometry &g;
  Scalar *columns, *output;
  const Finish &finish;
  std::vector<int64_t> first, next;
};

}  // namespace ctorch
