// The layers of a flow on integers, each of which a stack makes exactly invertible.
#pragma once

#include <memory>
#include <vector>

#include "CCodec.h"
#include "network.h"
#include "stack.h"

namespace codec {

/// The finest differences that are kept.
struct Grid {
  /// Numbers are multiples of 2^-number, scales of 2^-scale.
  int number, scale;

  /// Beyond it a picture is not coded by the flow: 2048 at a grid of 2^-15.
  static constexpr int64_t kLimit = int64_t(1) << 26;
  static constexpr int64_t kMostScale = int64_t(1) << 30;
};

/// `[channels][height][width]` numbers on the grid: loops over a channel's pixels become vector instructions.
struct Picture {
  int height, width, channels;
  std::vector<int64_t> numbers;

  int pixels() const { return height * width; }
  int64_t *channel(int c) { return numbers.data() + size_t(c) * pixels(); }
  const int64_t *channel(int c) const { return numbers.data() + size_t(c) * pixels(); }
};

/// A network's outputs on the grid, each as a number and as a scale.
struct Maps {
  std::vector<int64_t> shifts, scales;

  void grow(size_t size) {
    if (shifts.size() >= size) return;
    shifts.resize(size);
    scales.resize(size);
  }
};

/// What one thread needs.
struct Work {
  Room room;
  std::vector<float> input, output;
  std::vector<int64_t> moved, sums;
  Maps maps;
};

class Layer {
 public:
  virtual ~Layer() = default;
  virtual Network *network() const { return nullptr; }
  /// Each returns false where a number leaves the grid's range.
  virtual bool encode(Picture &picture, Stack &stack, const Told &told, Work &work) const = 0;
  virtual bool decode(Picture &picture, Stack &stack, const Told &told, Work &work) const = 0;
  /// The shape that the network sees.
  int height = 0, width = 0;
};

class Flow {
 public:
  Flow(int height, int width, int channels, int bits, int conditions, Grid grid)
      : height(height), width(width), channels(channels), bits(bits), conditions(conditions), grid(grid),
        at{height, width, channels, {}} {}

  void add(std::unique_ptr<Layer> layer) {
    layer->height = at.height;
    layer->width = at.width;
    layers.push_back(std::move(layer));
  }

  const int height, width, channels, bits, conditions;
  const Grid grid;
  std::vector<std::unique_ptr<Layer>> layers;
  /// The shape after the layers so far.
  Picture at;
};

std::unique_ptr<Layer> squeeze_layer(int channels);
std::unique_ptr<Layer> linear_layer(
    int channels, const int32_t *bias, const int64_t *upper, const uint32_t *diagonal, const int8_t *sign,
    const int64_t *lower, int fraction_bits, const int32_t *order, Grid grid);
std::unique_ptr<Layer> coupling_layer(
    int channels, cc_transform transform, float minimum, std::unique_ptr<Network> network, Grid grid);
std::unique_ptr<Layer> masked_layer(
    int channels, cc_order order, cc_transform transform, float minimum, std::unique_ptr<Network> network, Grid grid);
/// - kept: channels that go on.
std::unique_ptr<Layer> latent_layer(int channels, int kept, float limit, std::unique_ptr<Network> network, Grid grid);

}  // namespace codec
