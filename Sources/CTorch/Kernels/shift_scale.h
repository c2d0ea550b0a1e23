// The elementwise map of couplings and of masked autoregressive steps. A pixel keeps its first channels; the others become
//
//   y = (x + shift) * s(raw)
//
// with a conditioner's output: all shifts, then all raw scales. An additive map has shifts alone.
#pragma once

#include <algorithm>
#include <vector>

#include "data.h"
#include "parallel.h"
#include "scales.h"

namespace ctorch {

struct ShiftScale {
  ct_scale scale;
  double minimum;
  int64_t kept, moved;  // channels

  ShiftScale(const ct_shift_scale &map, int64_t channels)
      : scale(map.scale), minimum(map.minimum), kept(map.kept), moved(channels - map.kept) {
    TORCH_CHECK(kept >= 0 && moved > 0, "a map that keeps ", kept, " channels cannot move any of ", channels);
  }

  bool is_additive() const { return scale == CT_SCALE_NONE; }
  int64_t channels() const { return kept + moved; }
  int64_t outputs() const { return is_additive() ? moved : 2 * moved; }
  /// Pixels that are treated together, so that what is found for them stays in the cache.
  int64_t chunk() const { return 1024 / moved + 1; }

  /// The scales of some pixels, `moved` each; without meaning for an additive map.
  template <class Scalar>
  struct Scales {
    std::vector<Scalar> raw, scale, log_scale, slope;

    Scales(const ShiftScale &map, int64_t pixels) {
      const int64_t size = map.is_additive() ? 0 : pixels * map.moved;
      for (auto *each : {&raw, &scale, &log_scale, &slope}) each->resize(size);
    }

    /// - Parameter output: the conditioner's for `count` pixels.
    void find(const ShiftScale &map, const Scalar *output, int64_t count) {
      if (map.is_additive()) return;
      for (int64_t p = 0; p < count; p++) {
        std::copy_n(output + p * map.outputs() + map.moved, map.moved, raw.data() + p * map.moved);
      }
      affine_scales(
          map.scale, map.minimum, raw.data(), count * map.moved, scale.data(), log_scale.data(), slope.data());
    }
  };

  template <class Scalar>
  [[gnu::always_inline]] void apply(const Scalar *x, const Scalar *shift, const Scalar *scale, Scalar *y) const {
    for (int64_t c = 0; c < kept; c++) y[c] = x[c];
    if (is_additive()) {
      for (int64_t c = 0; c < moved; c++) y[kept + c] = x[kept + c] + shift[c];
    } else {
      for (int64_t c = 0; c < moved; c++) y[kept + c] = (x[kept + c] + shift[c]) * scale[c];
    }
  }

  template <class Scalar>
  [[gnu::always_inline]] void invert(const Scalar *y, const Scalar *shift, const Scalar *scale, Scalar *x) const {
    for (int64_t c = 0; c < kept; c++) x[c] = y[c];
    if (is_additive()) {
      for (int64_t c = 0; c < moved; c++) x[kept + c] = y[kept + c] - shift[c];
    } else {
      for (int64_t c = 0; c < moved; c++) x[kept + c] = y[kept + c] / scale[c] - shift[c];
    }
  }
};

}  // namespace ctorch
