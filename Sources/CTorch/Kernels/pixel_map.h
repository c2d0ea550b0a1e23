// The map of a masked autoregressive step at one pixel:
//
//   y = (x + shift) * s(raw)
//
// from the conditioner's output: shifts, then raw scales.
#pragma once

#include <algorithm>
#include <numeric>
#include <vector>

#include "data.h"
#include "parallel.h"
#include "scales.h"

namespace ctorch {

struct PixelMap {
  ct_scale scale;
  double minimum;
  int64_t channels;

  PixelMap(const ct_coupling &map, int64_t channels) : scale(map.scale), minimum(map.minimum), channels(channels) {
    TORCH_CHECK(scale != CT_SCALE_NONE, "the map of a masked step has a scale");
  }

  int64_t outputs() const { return 2 * channels; }
  /// Pixels that are treated together, so that what is found for them stays in the cache.
  int64_t chunk() const { return 1024 / channels + 1; }

  /// The scales of some pixels.
  template <class Scalar>
  struct Scales {
    std::vector<Scalar> raw, scale, log_scale, slope;

    explicit Scales(int64_t size) : raw(size), scale(size), log_scale(size), slope(size) {}

    /// - Parameter output: the conditioner's for `count` pixels.
    void find(const PixelMap &map, const Scalar *output, int64_t count) {
      for (int64_t p = 0; p < count; p++) {
        std::copy_n(output + p * map.outputs() + map.channels, map.channels, raw.data() + p * map.channels);
      }
      affine_scales(
          map.scale, map.minimum, raw.data(), count * map.channels, scale.data(), log_scale.data(), slope.data());
    }
  };

  /// One pixel of the inverse.
  template <class Scalar>
  [[gnu::always_inline]] void invert(const Scalar *y, const Scalar *output, const Scalar *scale, Scalar *x) const {
    for (int64_t c = 0; c < channels; c++) x[c] = y[c] / scale[c] - output[c];
  }
};

}  // namespace ctorch
