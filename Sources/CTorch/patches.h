// 3x3 neighbourhoods as rows of a matrix, and the adjoint: what turns a convolution on channels-last images into a
// matrix product (and a product into a convolution).
//
// patches: [N, H, W, C] -> [N*H*W, 9*(C+e)], row (n, y, x), column (dy, dx, c), value input[n, y+dy-1, x+dx-1, c], zero
// outside. With e = 1 each tap has a further column, the edge channel: 1 outside the image and 0 inside.
// adjoint: [N*H*W, 9*(C+e)] -> [N, H, W, C], the transpose of that linear map.
#pragma once

#include <ATen/ATen.h>

#include "parallel.h"

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

/// Pixels of a batch of images that lie at equal distances, row after row and image after image.
template <class Scalar>
struct Pixels {
  const Scalar *data;
  /// In numbers.
  int64_t distance;
  const Scalar *operator[](int64_t pixel) const { return data + pixel * distance; }
};

/// `input`, or a copy of it, in the layout that ``Pixels`` describes.
inline at::Tensor evenly_spaced(const at::Tensor &input) {
  const int64_t distance = input.stride(2);
  const bool even = (input.size(3) == 1 || input.stride(3) == 1) && distance >= input.size(3) &&
      input.stride(1) == input.size(2) * distance && input.stride(0) == input.size(1) * input.size(2) * distance;
  return even ? input : input.contiguous();
}

template <class Scalar>
Pixels<Scalar> pixels(const at::Tensor &spaced) {
  return {spaced.const_data_ptr<Scalar>(), spaced.stride(2)};
}

/// The patches of pixels begin..<end.
template <class Scalar>
void gather(Pixels<Scalar> input, const Geometry &g, int64_t begin, int64_t end, Scalar *row) {
  for (int64_t pixel = begin; pixel < end; pixel++) {
    const int64_t x = pixel % g.width, y = pixel / g.width % g.height;
    for (int64_t dy = -1; dy <= 1; dy++) {
      for (int64_t dx = -1; dx <= 1; dx++, row += g.tap()) {
        const bool inside = g.contains(y + dy, x + dx);
        if (inside) {
          const Scalar *source = input[pixel + dy * g.width + dx];
          for (int64_t c = 0; c < g.channels; c++) row[c] = source[c];
        } else {
          for (int64_t c = 0; c < g.channels; c++) row[c] = 0;
        }
        if (g.edge) row[g.channels] = inside ? 0 : 1;
      }
    }
  }
}

/// The adjoint for all pixels; `finish(pixel, y, x, values)` sees each when its sum is complete.
template <class Scalar, class Finish>
void scatter(const Scalar *rows, Scalar *output, const Geometry &g, const Finish &finish) {
  parallel_for(g.batch * g.height, g.grain(), [&](int64_t begin, int64_t end) {
    for (int64_t line = begin; line < end; line++) {
      const int64_t y = line % g.height;
      for (int64_t x = 0; x < g.width; x++) {
        Scalar *pixel = output + (line * g.width + x) * g.channels;
        for (int64_t c = 0; c < g.channels; c++) pixel[c] = 0;
        for (int64_t dy = -1; dy <= 1; dy++) {
          for (int64_t dx = -1; dx <= 1; dx++) {
            if (!g.contains(y - dy, x - dx)) continue;
            const int64_t row = (line - dy) * g.width + x - dx, tap = 3 * (dy + 1) + dx + 1;
            const Scalar *value = rows + row * g.columns() + tap * g.tap();
            for (int64_t c = 0; c < g.channels; c++) pixel[c] += value[c];
          }
        }
        finish(line * g.width + x, y, x, pixel);
      }
    }
  });
}

}  // namespace ctorch
