// 3x3 neighborhoods as rows of a matrix, and the adjoint: what turns a convolution on channels-last images into a
// matrix product (and a product into a convolution).
//
// patches: [N, H, W, C] -> [N*H*W, 9*(C+e)], row (n, y, x), column (dy, dx, c), value input[n, y+dy-1, x+dx-1, c], zero
// outside. With e = 1 each tap has a further column, the edge channel: 1 outside the image and 0 inside.
// adjoint: [N*H*W, 9*(C+e)] -> [N, H, W, C], the transpose of that linear map.
#pragma once

#include <ATen/ATen.h>

#include <algorithm>

#include "data.h"
#include "parallel.h"
#include "vectors.h"

namespace ctorch {

struct Geometry {
  int64_t batch, height, width, channels, edge;
  int64_t tap() const { return channels + edge; }
  int64_t columns() const { return 9 * tap(); }
  int64_t rows() const { return batch * height * width; }
  /// Image rows that are worth a thread of their own.
  int64_t grain() const { return 32768 / (width * columns()) + 1; }
  bool contains(int64_t y, int64_t x) const { return y >= 0 && y < height && x >= 0 && x < width; }
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
  const int64_t dy = tap / 3 - 1, dx = tap % 3 - 1;
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
    const auto taps = [&](int64_t p, int64_t pixels, int64_t dy) {
      for (int64_t tap = 3 * dy + 3; tap < 3 * dy + 6; tap++) {
        gather_tap(input, g, first + p, y, x + p, pixels, tap, line + p * g.columns());
      }
    };
    for (int64_t dy = -1; dy <= 1; dy++) {
      // Where pixels lie one after another, the three taps of an inner pixel are one piece.
      const int64_t from = x == 0 ? 1 : 0, to = x + count == g.width ? count - 1 : count;
      if (!dense || from >= to || y + dy < 0 || y + dy >= g.height) {
        taps(0, count, dy);
        continue;
      }
      taps(0, from, dy);
      copy_pixels(
          line + from * g.columns() + (3 * dy + 3) * g.channels, g.columns(), input[first + from + dy * g.width - 1],
          g.channels, to - from, 3 * g.channels);
      taps(to, count - to, dy);
    }
    first += count;
  }
}

/// The adjoint for the pixels of one line of an image.
template <class Scalar>
void scatter_line(const Scalar *rows, const Geometry &g, int64_t line, Scalar *pixels) {
  const int64_t y = line % g.height;
  std::fill_n(pixels, g.width * g.channels, Scalar(0));
  for (int64_t tap = 0; tap < 9; tap++) {
    const int64_t dy = tap / 3 - 1, dx = tap % 3 - 1;
    if (y - dy < 0 || y - dy >= g.height) continue;
    const int64_t from = std::max<int64_t>(0, dx), to = std::min(g.width, g.width + dx);
    const Scalar *const source = rows + ((line - dy) * g.width + from - dx) * g.columns() + tap * g.tap();
    if (from < to) add_pixels(pixels + from * g.channels, source, g.columns(), to - from, g.channels);
  }
}

}  // namespace ctorch
