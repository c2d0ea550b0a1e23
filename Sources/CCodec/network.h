// What decides the maps of a flow: convolutions whose every number is computed in one written order.
#pragma once

#include <memory>
#include <vector>

#include "CCodec.h"
#include "product.h"

namespace codec {

/// Which pixels a 3x3 convolution sees, 0 to 8 in raster order.
class Taps {
 public:
  explicit Taps(unsigned mask);

  struct Tap {
    int index, dy, dx;
  };
  const std::vector<Tap> &all() const { return taps; }
  int count() const { return static_cast<int>(taps.size()); }

 private:
  std::vector<Tap> taps;
};

/// What a sum starts from: a row for each set of sides at which a pixel lies, under one condition.
class Starts {
 public:
  /// Takes the numbers of a `cc_start`.
  Starts(cc_start given, int outputs, int conditions, Taps taps);

  static constexpr int kSides = 16;
  static int sides(int y, int x, int height, int width) {
    return (y == 0) | (y == height - 1) << 1 | (x == 0) << 2 | (x == width - 1) << 3;
  }

  /// Fills the rows, `[kSides][width]`.
  void tell(const double *condition, int64_t width, std::vector<float> &rows) const;

 private:
  int outputs, conditions;
  Taps taps;
  std::vector<double> base, edge, embedding;
};

/// Room for one picture's passes.
struct Room {
  std::vector<float> patches, hidden, columns;
  std::vector<float> first, second;
  std::vector<const float *> starts;
};

/// A network under a condition.
struct Told {
  std::vector<float> first, second, last;
};

class Network {
 public:
  virtual ~Network() = default;
  virtual void tell(const double *condition, int height, int width, Told &told) const = 0;
  /// - picture: `[height][width][inputs]`
  /// - out: `[height][width][outputs]`
  virtual void run(const float *picture, int height, int width, const Told &told, Room &room, float *out) const = 0;

  int inputs = 0, outputs = 0;
};

/// 3x3, ReLU, 1x1, ReLU, 3x3.
class Conditioner : public Network {
 public:
  Conditioner(
      int inputs, int hidden, int outputs, int conditions, Taps first_taps, Taps last_taps, const float *first,
      cc_start first_start, const float *second, const double *second_base, const float *last, cc_start last_start);

  void tell(const double *condition, int height, int width, Told &told) const override;
  void run(const float *picture, int height, int width, const Told &told, Room &room, float *out) const override;

  /// Pixels that a masked network is asked for one stage after the other.
  struct Stage {
    const int *pixels;
    int count;
  };
  /// The outputs of some pixels, all before which have been run, and whose inputs are known: `out` as in ``run``.
  void run_stage(
      Stage stage, const float *picture, int height, int width, const Told &told, Room &room, float *out) const;
  void prepare(int height, int width, Room &room) const;

 private:
  auto last_start(const Told &told, int height, int width) const;

  Taps first_taps, last_taps;
  Matrix first, second, last;
  Starts first_starts, last_starts;
  std::vector<float> second_start;
};

/// One 3x3 convolution.
class LinearNetwork : public Network {
 public:
  LinearNetwork(
      int inputs, int outputs, int conditions, const float *weights, cc_start start, const double *positions, int height,
      int width);

  void tell(const double *condition, int height, int width, Told &told) const override;
  void run(const float *picture, int height, int width, const Told &told, Room &room, float *out) const override;

 private:
  int conditions;
  Taps taps;
  Matrix matrix;
  Starts starts;
  std::vector<double> positions;
};

/// Values of their own at each position.
class ConstantNetwork : public Network {
 public:
  ConstantNetwork(int outputs, int conditions, const double *base, const double *positions, int height, int width);

  void tell(const double *condition, int height, int width, Told &told) const override;
  void run(const float *picture, int height, int width, const Told &told, Room &room, float *out) const override;

 private:
  int conditions;
  std::vector<double> base, positions;
};

}  // namespace codec

struct cc_network {
  std::unique_ptr<codec::Network> value;
};
