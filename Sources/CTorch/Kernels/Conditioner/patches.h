// Neighborhoods as rows of a matrix, and the adjoint: what turns a convolution on channels-last images into a matrix
// product (and a product into a convolution).
//
// patches: [N, H, W, C] -> [N*H*W, T*(C+e)], row (n, y, x), column (tap, c), value input[n, y+dy, x+dx, c] for each tap
// (dy, dx), zero outside. With e = 1 each tap has a further column, the edge channel: 1 outside the image and 0 inside.
// adjoint: [N*H*W, T*(C+e)] -> [N, H, W, C], the transpose of that linear map.
#pragma once

#include <ATen/ATen.h>

#include <algorithm>

#include "data.h"
#include "parallel.h"
#include "taps.h"
#include "vectors.h"

namespace ctorch {

struct Geometry {
  int64_t batch, height, width, channels, edge;
  Taps taps = Taps(CT_TAPS_3X3);
  int64_t tap() const { return channels + edge; }
  int64_t columns() const { return taps.count * tap(); }
  int64_t rows() const { return batch * height * width; }
  /// Image rows that are worth a thread of their own.
  int64_t grain() const { return 32768 / (width * columns()) + 1; }
};

/// A copy of a batch of images with a border as wide as the taps reach, so that no pixel is a special case. The border is 0, and
/// 1 in the edge channel.
template <class Scalar>
class PaddedImages {
 public:
  PaddedImages(const at::Tensor &images, const Geometry &g)
      : reach(g.taps.fit_3x3() ? 1 : Taps::reach), height(g.height + 2 * reach), width(g.width + 2 * reach), tap(g.tap()),
        storage(at::empty({g.batch * height * width * tap}, images.options())) {
    const at::Tensor source = images.size(3) == 1 || images.stride(3) == 1 ? images : images.contiguous();
    const Scalar *const from = const_data<Scalar>(source);
    Scalar *const to = storage.template mutable_data_ptr<Scalar>();
    const auto fill_border = [&](Scalar *pixels, int64_t count) {
      std::fill_n(pixels, count * tap, Scalar(0));
      for (int64_t p = 0; g.edge && p < count; p++) pixels[p * tap + g.channels] = 1;
    };
    parallel_for(g.batch * height, 32768 / (width * tap) + 1, [&](int64_t begin, int64_t end) {
      for (int64_t line = begin; line < end; line++) {
        Scalar *const pixels = to + line * width * tap, *const inside = pixels + reach * tap;
        const int64_t image = line / height, y = line % height - reach;
        if (y < 0 || y >= g.height) {
          fill_border(pixels, width);
          continue;
        }
        fill_border(pixels, reach);
        fill_border(inside + g.width * tap, reach);
        copy_pixels(
            inside, tap, from + image * source.stride(0) + y * source.stride(1), source.stride(2), g.width, g.channels);
        for (int64_t x = 0; g.edge && x < g.width; x++) inside[x * tap + g.channels] = 0;
      }
    });
  }

  /// A pixel at most as far outside of the image as the taps reach.
  const Scalar *pixel(int64_t image, int64_t y, int64_t x) const {
    return const_data<Scalar>(storage) + ((image * height + y + reach) * width + x + reach) * tap;
  }

 private:
  int64_t reach, height, width, tap;
  at::Tensor storage;
};

/// The patches of pixels begin..<end.
template <class Scalar>
void gather(const PaddedImages<Scalar> &images, const Geometry &g, int64_t begin, int64_t end, Scalar *rows) {
  for (int64_t first = begin; first < end;) {
    const int64_t x = first % g.width, line = first / g.width, count = std::min(g.width - x, end - first);
    for (int64_t i = 0; i < g.taps.run_count; i++) {
      // The taps side by side of a pixel are one piece.
      const Taps::Run &run = g.taps.runs[i];
      copy_pixels(
          rows + (first - begin) * g.columns() + run.first * g.tap(), g.columns(),
          images.pixel(line / g.height, line % g.height + g.taps.dy[run.first], x + g.taps.dx[run.first]), g.tap(), count,
          run.count * g.tap());
    }
    first += count;
  }
}

/// The adjoint for the pixels of one line of an image: the sum over the taps in their order.
template <class Scalar>
void scatter_line(const Scalar *rows, const Geometry &g, int64_t line, Scalar *pixels) {
  const int64_t y = line % g.height, width = g.width;
  std::array<int64_t, Taps::side * Taps::side> taps;
  std::array<const Scalar *, Taps::side * Taps::side> sources;
  int64_t tap_count = 0;
  // The pixels that all taps of this line reach.
  int64_t first = 0, last = width;
  for (int64_t tap = 0; tap < g.taps.count; tap++) {
    if (y - g.taps.dy[tap] < 0 || y - g.taps.dy[tap] >= g.height) continue;
    first = std::max(first, g.taps.dx[tap]);
    last = std::min(last, width + g.taps.dx[tap]);
    taps[tap_count++] = tap;
  }
  if (first >= last) first = last = 0;
  // Pixels that the same taps reach.
  const auto sum = [&](int64_t x, int64_t count) {
    int64_t sources_count = 0;
    for (int64_t i = 0; i < tap_count; i++) {
      const int64_t tap = taps[i], from = x - g.taps.dx[tap];
      if (from < 0 || from >= width) continue;
      sources[sources_count++] = rows + ((line - g.taps.dy[tap]) * width + from) * g.columns() + tap * g.tap();
    }
    sum_pixels(pixels + x * g.channels, sources.data(), sources_count, g.columns(), count, g.channels);
  };
  for (int64_t x = 0; x < first; x++) sum(x, 1);
  if (first < last) sum(first, last - first);
  for (int64_t x = last; x < width; x++) sum(x, 1);
}

}  // namespace ctorch
