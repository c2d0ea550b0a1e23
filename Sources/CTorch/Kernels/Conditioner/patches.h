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

/// Pixels of a batch of images that lie at equal strides, row after row and image after image.
template <class Scalar>
struct Pixels {
  const Scalar *data;
  /// In numbers.
  int64_t stride;
  const Scalar *operator[](int64_t pixel) const { return data + pixel * stride; }
};

/// A batch of images, or a copy of it, in the layout that ``Pixels`` describes.
class SpacedImages {
 public:
  explicit SpacedImages(const at::Tensor &images) : stride(images.stride(2)) {
    const bool even = (images.size(3) == 1 || images.stride(3) == 1) &&
        images.stride(1) == images.size(2) * stride && images.stride(0) == images.size(1) * images.size(2) * stride;
    storage = even ? images : images.contiguous();
    if (!even) stride = images.size(3);
  }

  template <class Scalar>
  Pixels<Scalar> pixels() const {
    return {const_data<Scalar>(storage), stride};
  }

 private:
  at::Tensor storage;
  int64_t stride;
};

/// One tap of the patches of `count` neighboring pixels of a line, of which the first is number `first`, at (y, x).
template <class Scalar>
void gather_tap(
    Pixels<Scalar> input, const Geometry &g, int64_t first, int64_t y, int64_t x, int64_t count, int64_t tap,
    Scalar *rows) {
  const int64_t dy = g.taps.dy[tap], dx = g.taps.dx[tap];
  Scalar *const column = rows + tap * g.tap();
  // Of these pixels, those whose neighbor is inside.
  const bool inside = y + dy >= 0 && y + dy < g.height;
  const int64_t from = inside ? std::clamp<int64_t>(-dx - x, 0, count) : count;
  const int64_t to = inside ? std::clamp(g.width - dx - x, from, count) : count;
  const auto fill = [&](int64_t p) {
    std::fill_n(column + p * g.columns(), g.channels, Scalar(0));
    if (g.edge) column[p * g.columns() + g.channels] = 1;
  };
  for (int64_t p = 0; p < from; p++) fill(p);
  if (from < to) {
    copy_pixels(
        column + from * g.columns(), g.columns(), input[first + from + dy * g.width + dx], input.stride, to - from,
        g.channels);
    if (g.edge) {
      for (int64_t p = from; p < to; p++) column[p * g.columns() + g.channels] = 0;
    }
  }
  for (int64_t p = to; p < count; p++) fill(p);
}

/// The patches of pixels begin..<end.
template <class Scalar>
void gather(Pixels<Scalar> input, const Geometry &g, int64_t begin, int64_t end, Scalar *rows) {
  const bool dense = g.edge == 0 && input.stride == g.channels;
  for (int64_t first = begin; first < end;) {
    const int64_t x = first % g.width, y = first / g.width % g.height, count = std::min(g.width - x, end - first);
    Scalar *const line = rows + (first - begin) * g.columns();
    const auto taps = [&](int64_t p, int64_t pixels, const Taps::Run &run) {
      for (int64_t tap = run.first; tap < run.first + run.count; tap++) {
        gather_tap(input, g, first + p, y, x + p, pixels, tap, line + p * g.columns());
      }
    };
    for (int64_t i = 0; i < g.taps.run_count; i++) {
      // Where pixels lie one after another, the taps side by side of an inner pixel are one piece.
      const Taps::Run &run = g.taps.runs[i];
      const int64_t dy = g.taps.dy[run.first], dx = g.taps.dx[run.first];
      const int64_t from = std::clamp<int64_t>(-dx - x, 0, count);
      const int64_t to = std::clamp<int64_t>(g.width - (dx + run.count - 1) - x, from, count);
      if (!dense || from >= to || y + dy < 0 || y + dy >= g.height) {
        taps(0, count, run);
        continue;
      }
      taps(0, from, run);
      copy_pixels(
          line + from * g.columns() + run.first * g.channels, g.columns(), input[first + from + dy * g.width + dx],
          g.channels, to - from, run.count * g.channels);
      taps(to, count - to, run);
    }
    first += count;
  }
}

/// The adjoint for the pixels of one line of an image.
template <class Scalar>
void scatter_line(const Scalar *rows, const Geometry &g, int64_t line, Scalar *pixels) {
  const int64_t y = line % g.height;
  std::fill_n(pixels, g.width * g.channels, Scalar(0));
  for (int64_t tap = 0; tap < g.taps.count; tap++) {
    const int64_t dy = g.taps.dy[tap], dx = g.taps.dx[tap];
    if (y - dy < 0 || y - dy >= g.height) continue;
    const int64_t from = std::max<int64_t>(0, dx), to = std::min<int64_t>(g.width, g.width + dx);
    const Scalar *const source = rows + ((line - dy) * g.width + from - dx) * g.columns() + tap * g.tap();
    if (from < to) add_pixels(pixels + from * g.channels, source, g.columns(), to - from, g.channels);
  }
}

}  // namespace ctorch
