// The edge channel of a 3x3 convolution, an input that is 1 on the zero padding and 0 inside: what it adds to the output
// depends only on the borders of the image that a pixel touches.
#pragma once

#include <vector>

#include "patches.h"

namespace ctorch {

/// The borders of the image that a pixel touches, one bit each: top, bottom, left, right.
struct Borders {
  static constexpr int64_t count = 16;

  static int64_t of(const Geometry &g, int64_t pixel) {
    const int64_t x = pixel % g.width, y = pixel / g.width % g.height;
    return (y == 0) | (y == g.height - 1) << 1 | (x == 0) << 2 | (x == g.width - 1) << 3;
  }

  /// Whether a tap of a pixel at these borders lies outside, where the edge channel is 1.
  static bool exclude(int64_t borders, const Taps &taps, int64_t tap) {
    const int64_t dy = taps.dy[tap], dx = taps.dx[tap];
    return (dy < 0 && (borders & 1)) || (dy > 0 && (borders & 2)) || (dx < 0 && (borders & 4)) ||
        (dx > 0 && (borders & 8));
  }
};

/// What the edge channel, the last input of a 3x3 convolution, adds to the output, a row for each kind of border. The
/// weights are [taps, inputs + 1, width].
template <class Scalar>
std::vector<Scalar> edge_rows(const Scalar *weights, const Taps &taps, int64_t inputs, int64_t width, bool edge) {
  std::vector<Scalar> rows(Borders::count * width, 0);
  for (int64_t borders = 1; edge && borders < Borders::count; borders++) {
    for (int64_t tap = 0; tap < taps.count; tap++) {
      if (Borders::exclude(borders, taps, tap)) {
        add(rows.data() + borders * width, weights + (tap * (inputs + 1) + inputs) * width, width);
      }
    }
  }
  return rows;
}

/// The adjoint of ``edge_rows``: adds to the gradient of the weights.
template <class Scalar>
void add_edge_gradients(
    const std::vector<Scalar> &rows, const Taps &taps, Scalar *gradient, int64_t inputs, int64_t width) {
  for (int64_t borders = 1; borders < Borders::count; borders++) {
    for (int64_t tap = 0; tap < taps.count; tap++) {
      if (Borders::exclude(borders, taps, tap)) {
        add(gradient + (tap * (inputs + 1) + inputs) * width, rows.data() + borders * width, width);
      }
    }
  }
}

}  // namespace ctorch
