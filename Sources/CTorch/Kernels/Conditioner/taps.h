// Which neighbors of a pixel a convolution sees: all of a 3x3 square, or some of a 5x5 one, as a masked convolution does.
#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <array>

#include "CTorch.h"

namespace ctorch {

/// Taps in raster order; convolutions of masked taps have no weights for the others.
struct Taps {
  /// Taps side by side in a line.
  struct Run {
    int64_t first, count;
  };
  static constexpr int64_t reach = 2, side = 2 * reach + 1;

  int64_t count = 0, run_count = 0;
  std::array<int64_t, side * side> dy{}, dx{};
  std::array<Run, side * side> runs{};

  /// Bit `5 * (dy + 2) + dx + 2` of `mask` is the tap at (dy, dx).
  explicit Taps(uint32_t mask) {
    TORCH_CHECK(mask != 0 && mask >> (side * side) == 0, "a convolution has taps in a 5x5 square, not those of mask ", mask);
    for (int64_t bit = 0; bit < side * side; bit++) {
      if (mask >> bit & 1) add(bit / side - reach, bit % side - reach);
    }
  }

  /// The taps through which the adjoint sends: the last one first.
  Taps mirrored() const {
    Taps result = *this;
    result.count = result.run_count = 0;
    for (int64_t tap = count; tap-- > 0;) result.add(-dy[tap], -dx[tap]);
    return result;
  }

  /// The lines above a pixel's that the taps reach.
  int64_t above() const { return -std::min<int64_t>(0, *std::min_element(dy.begin(), dy.begin() + count)); }
  /// The lines below.
  int64_t below() const { return std::max<int64_t>(0, *std::max_element(dy.begin(), dy.begin() + count)); }
  bool fit_3x3() const {
    const auto near = [](int64_t d) { return d >= -1 && d <= 1; };
    return std::all_of(dy.begin(), dy.begin() + count, near) && std::all_of(dx.begin(), dx.begin() + count, near);
  }

 private:
  void add(int64_t y, int64_t x) {
    const bool goes_on = count > 0 && dy[count - 1] == y && dx[count - 1] == x - 1;
    if (goes_on) {
      runs[run_count - 1].count++;
    } else {
      runs[run_count++] = {count, 1};
    }
    dy[count] = y;
    dx[count++] = x;
  }
};

}  // namespace ctorch
