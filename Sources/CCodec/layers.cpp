#include <algorithm>

#include "exact.h"
#include "flow.h"
#include "normal.h"

#pragma clang fp contract(off)

namespace codec {
namespace {

bool in_range(const std::vector<int64_t> &numbers) {
  int64_t beyond = 0;
  for (const int64_t number : numbers) beyond |= (number ^ (number >> 63)) >> 26;
  return beyond == 0;
}

/// Multiplies by `scale` / 2^bits: what the division leaves goes onto the stack, and the finer part of the product comes from
/// there, so that the stack grows by -log2 of the scale (the modular scale transform of iFlow, Zhang et al. 2021).
inline int64_t scaled(Stack &stack, int64_t number, int64_t scale, int bits) {
  const int64_t product = number * scale + static_cast<int64_t>(stack.pop(static_cast<uint64_t>(scale)));
  stack.push_bits(static_cast<uint64_t>(product) & ((uint64_t(1) << bits) - 1), bits);
  return product >> bits;
}

/// Undoes ``scaled``. Numbers are below 2^33 in absolute value.
inline int64_t unscaled(Stack &stack, int64_t number, int64_t scale, int bits) {
  const int64_t product = number * (int64_t(1) << bits) + static_cast<int64_t>(stack.pop_bits(bits));
  int64_t quotient = product / scale, rest = product - quotient * scale;
  if (rest < 0) {
    rest += scale;
    quotient--;
  }
  stack.push(static_cast<uint64_t>(rest), static_cast<uint64_t>(scale));
  return quotient;
}

/// Onto the grid and back.
struct Numbers {
  Grid grid;

  CC_ALWAYS_INLINE double numbers_per_unit() const { return static_cast<double>(int64_t(1) << grid.number); }
  CC_ALWAYS_INLINE double scales_per_unit() const { return static_cast<double>(int64_t(1) << grid.scale); }

  CC_ALWAYS_INLINE int64_t number(float x) const {
    return rounded(static_cast<double>(x) * numbers_per_unit(), static_cast<double>(Grid::kLimit));
  }
  CC_ALWAYS_INLINE int64_t scale(float x) const {
    const int64_t found = rounded(static_cast<double>(x) * scales_per_unit(), static_cast<double>(Grid::kMostScale));
    return found < 1 ? 1 : found;
  }
  float value(int64_t number) const {
    return static_cast<float>(number) * (1.0f / static_cast<float>(int64_t(1) << grid.number));
  }
};

/// What a scale is made of: a network's output. Loops over these become vector instructions.
struct Sigmoid {
  float minimum;
  CC_ALWAYS_INLINE float operator()(float raw) const {
    const float x = raw + 2, e = exponential(x < 0 ? x : -x), open = 1 / (1 + e);
    return minimum + (1 - minimum) * (x < 0 ? e * open : open);
  }
};
struct Exponential {
  CC_ALWAYS_INLINE float operator()(float raw) const { return exponential(raw); }
};
struct Bounded {
  CC_ALWAYS_INLINE float operator()(float raw) const { return exponential(hyperbolic_tangent(raw)); }
};

template <class Scale>
CC_ALWAYS_INLINE void fill_scales(Scale scale, Numbers numbers, const float *raw, int64_t count, int64_t *scales) {
  for (int64_t i = 0; i < count; i++) scales[i] = numbers.scale(scale(raw[i]));
}

CC_VECTORIZED void scales_of(
    cc_transform transform, float minimum, Numbers numbers, const float *raw, int64_t count, int64_t *scales) {
  switch (transform) {
    case CC_ADDITIVE: break;
    case CC_SIGMOID: fill_scales(Sigmoid{minimum}, numbers, raw, count, scales); break;
    case CC_EXPONENTIAL: fill_scales(Exponential{}, numbers, raw, count, scales); break;
    case CC_BOUNDED: fill_scales(Bounded{}, numbers, raw, count, scales); break;
  }
}

CC_VECTORIZED void numbers_of(Numbers numbers, const float *values, int64_t count, int64_t *out) {
  for (int64_t i = 0; i < count; i++) out[i] = numbers.number(values[i]);
}

/// One over the standard deviations, of which the logarithms are `limit * tanh(raw / limit)`, or without a limit `raw`.
CC_VECTORIZED void deviations_of(float limit, Numbers numbers, const float *raw, int64_t count, int64_t *scales) {
  if (limit > 0) {
    for (int64_t i = 0; i < count; i++) {
      scales[i] = numbers.scale(exponential(-(limit * hyperbolic_tangent(raw[i] / limit))));
    }
  } else {
    for (int64_t i = 0; i < count; i++) scales[i] = numbers.scale(exponential(-raw[i]));
  }
}

/// The map `y = (x + shift) * scale` of some channels of a picture, by what a network made: shifts first, then what scales come
/// from.
struct AffineMap {
  cc_transform transform;
  float minimum;
  int first, count;
  Numbers numbers;

  int outputs() const { return transform == CC_ADDITIVE ? count : 2 * count; }

  /// What a network's outputs of `pixels` are as shifts and as scales. Of each pixel the first half counts as shifts, the second as
  /// scales: one loop over all is faster than two over halves.
  void prepare(const float *output, int pixels, Maps &maps) const {
    const int64_t size = int64_t(pixels) * outputs();
    maps.grow(size);
    numbers_of(numbers, output, size, maps.shifts.data());
    scales_of(transform, minimum, numbers, output, size, maps.scales.data());
  }

  /// - at: the pixel's place among those that were prepared.
  void encode(Picture &picture, int pixel, const Maps &maps, size_t at, Stack &stack) const {
    const int64_t *shifts = &maps.shifts[at * outputs()], *scales = &maps.scales[at * outputs()] + count;
    for (int c = 0; c < count; c++) {
      int64_t &x = picture.channel(first + c)[pixel];
      x += shifts[c];
      if (transform != CC_ADDITIVE) x = scaled(stack, x, scales[c], numbers.grid.scale);
    }
  }

  bool decode(Picture &picture, int pixel, const Maps &maps, size_t at, Stack &stack) const {
    const int64_t *shifts = &maps.shifts[at * outputs()], *scales = &maps.scales[at * outputs()] + count;
    int64_t beyond = 0;
    for (int c = count - 1; c >= 0; c--) {
      int64_t &x = picture.channel(first + c)[pixel];
      if (transform != CC_ADDITIVE) x = unscaled(stack, x, scales[c], numbers.grid.scale);
      x -= shifts[c];
      beyond |= (x ^ (x >> 63)) >> 26;
    }
    return beyond == 0;
  }
};

/// The first channels as a network sees them, `[height][width][count]`.
void interleave(const Picture &picture, int count, Numbers numbers, float *out) {
  const int pixels = picture.pixels();
  for (int c = 0; c < count; c++) {
    const int64_t *x = picture.channel(c);
    for (int pixel = 0; pixel < pixels; pixel++) out[size_t(pixel) * count + c] = numbers.value(x[pixel]);
  }
}

// --- Squeeze ---

/// Channel c at row offset dy and column offset dx goes to channel 4c + 2dy + dx.
class Squeeze : public Layer {
 public:
  explicit Squeeze(int channels) : channels(channels) {}

  bool encode(Picture &picture, Stack &, const Told &, Work &work) const override {
    move(picture, work, true);
    return true;
  }

  bool decode(Picture &picture, Stack &, const Told &, Work &work) const override {
    move(picture, work, false);
    return true;
  }

 private:
  void move(Picture &picture, Work &work, bool forward) const {
    work.moved.resize(picture.numbers.size());
    const int64_t *from = picture.numbers.data();
    const int pixels = height * width;
    for (int c = 0; c < channels; c++) {
      for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
          const int fine = c * pixels + y * width + x;
          const int coarse = (4 * c + 2 * (y % 2) + x % 2) * (pixels / 4) + (y / 2) * (width / 2) + x / 2;
          work.moved[forward ? coarse : fine] = from[forward ? fine : coarse];
        }
      }
    }
    picture.numbers.swap(work.moved);
    picture.height = forward ? height / 2 : height;
    picture.width = forward ? width / 2 : width;
    picture.channels = forward ? 4 * channels : channels;
  }

  const int channels;
};

// --- Linear maps of a pixel's channels ---

/// Numbers are below 2^27 in absolute value, and factors below 2^31; of damaged files, sums may wrap around.
CC_VECTORIZED void add_product(int64_t *sums, const int64_t *x, int64_t factor, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    const int64_t product = int64_t(int32_t(x[i])) * int64_t(int32_t(factor));
    sums[i] = static_cast<int64_t>(static_cast<uint64_t>(sums[i]) + static_cast<uint64_t>(product));
  }
}

CC_VECTORIZED void add_shifted(int64_t *x, const int64_t *sums, int bits, int64_t way, int64_t count) {
  for (int64_t i = 0; i < count; i++) x[i] += way * (sums[i] >> bits);
}

class Linear : public Layer {
 public:
  Linear(
      int channels, const int32_t *bias, const int64_t *upper, const uint32_t *diagonal, const int8_t *sign,
      const int64_t *lower, int fraction_bits, const int32_t *order, Grid grid)
      : channels(channels), bias(bias, bias + channels), upper(upper, upper + channels * channels),
        lower(lower, lower + channels * channels), diagonal(diagonal, diagonal + channels), sign(sign, sign + channels),
        fraction_bits(fraction_bits), order(order, order + channels), grid(grid) {}

  bool encode(Picture &picture, Stack &stack, const Told &, Work &work) const override {
    const int pixels = picture.pixels();
    for (int i = 0; i < channels; i++) add(picture.channel(i), bias[i], pixels);
    for (int i = 0; i < channels; i++) move(picture, i, &upper[i * channels], i + 1, channels, 1, work);
    if (!in_range(picture.numbers)) return false;
    for (int i = 0; i < channels; i++) {
      int64_t *x = picture.channel(i);
      for (int pixel = 0; pixel < pixels; pixel++) x[pixel] = sign[i] * scaled(stack, x[pixel], diagonal[i], grid.scale);
    }
    if (!in_range(picture.numbers)) return false;
    for (int i = channels - 1; i >= 0; i--) move(picture, i, &lower[i * channels], 0, i, 1, work);
    work.moved.resize(picture.numbers.size());
    for (int i = 0; i < channels; i++) std::copy_n(picture.channel(i), pixels, &work.moved[size_t(order[i]) * pixels]);
    picture.numbers.swap(work.moved);
    return in_range(picture.numbers);
  }

  bool decode(Picture &picture, Stack &stack, const Told &, Work &work) const override {
    const int pixels = picture.pixels();
    work.moved.resize(picture.numbers.size());
    for (int i = 0; i < channels; i++) std::copy_n(picture.channel(order[i]), pixels, &work.moved[size_t(i) * pixels]);
    picture.numbers.swap(work.moved);
    for (int i = 0; i < channels; i++) move(picture, i, &lower[i * channels], 0, i, -1, work);
    if (!in_range(picture.numbers)) return false;
    for (int i = channels - 1; i >= 0; i--) {
      int64_t *x = picture.channel(i);
      for (int pixel = pixels - 1; pixel >= 0; pixel--) x[pixel] = unscaled(stack, sign[i] * x[pixel], diagonal[i], grid.scale);
    }
    if (!in_range(picture.numbers)) return false;
    for (int i = channels - 1; i >= 0; i--) move(picture, i, &upper[i * channels], i + 1, channels, -1, work);
    for (int i = 0; i < channels; i++) add(picture.channel(i), -bias[i], pixels);
    return in_range(picture.numbers);
  }

 private:
  static void add(int64_t *x, int64_t number, int pixels) {
    for (int pixel = 0; pixel < pixels; pixel++) x[pixel] += number;
  }

  /// Adds to channel `i`, or with `way` -1 takes away, the rounded sum of a row's products with channels `begin` to `end`.
  void move(Picture &picture, int i, const int64_t *row, int begin, int end, int way, Work &work) const {
    const int pixels = picture.pixels();
    work.sums.assign(pixels, int64_t(1) << (fraction_bits - 1));
    for (int j = begin; j < end; j++) add_product(work.sums.data(), picture.channel(j), row[j], pixels);
    add_shifted(picture.channel(i), work.sums.data(), fraction_bits, way, pixels);
  }

  const int channels;
  const std::vector<int64_t> bias, upper, lower;
  const std::vector<int64_t> diagonal;
  const std::vector<int8_t> sign;
  const int fraction_bits;
  const std::vector<int32_t> order;
  const Grid grid;
};

// --- Couplings ---

class Coupling : public Layer {
 public:
  Coupling(int channels, cc_transform transform, float minimum, std::unique_ptr<Network> network, Grid grid)
      : channels(channels), map{transform, minimum, channels / 2, channels / 2, {grid}}, net(std::move(network)) {}

  Network *network() const override { return net.get(); }

  bool encode(Picture &picture, Stack &stack, const Told &told, Work &work) const override {
    run(picture, told, work);
    for (int pixel = 0; pixel < picture.pixels(); pixel++) {
      map.encode(picture, pixel, work.maps, pixel, stack);
    }
    return in_range(picture.numbers);
  }

  bool decode(Picture &picture, Stack &stack, const Told &told, Work &work) const override {
    run(picture, told, work);
    for (int pixel = picture.pixels() - 1; pixel >= 0; pixel--) {
      if (!map.decode(picture, pixel, work.maps, pixel, stack)) return false;
    }
    return true;
  }

 private:
  void run(const Picture &picture, const Told &told, Work &work) const {
    const int half = channels / 2, pixels = picture.pixels();
    work.input.resize(size_t(pixels) * half);
    work.output.resize(size_t(pixels) * map.outputs());
    interleave(picture, half, map.numbers, work.input.data());
    net->run(work.input.data(), picture.height, picture.width, told, work.room, work.output.data());
    map.prepare(work.output.data(), pixels, work.maps);
  }

  const int channels;
  const AffineMap map;
  const std::unique_ptr<Network> net;
};

// --- Masked steps ---

/// Encoding knows all pixels at once. Decoding finds them stage by stage, so encoding puts them onto the stack the other way around.
class Masked : public Layer {
 public:
  Masked(int channels, cc_order order, cc_transform transform, float minimum, std::unique_ptr<Network> network, Grid grid)
      : channels(channels), order(order), map{transform, minimum, 0, channels, {grid}},
        net(static_cast<Conditioner *>(network.release())) {}

  Network *network() const override { return net.get(); }

  bool encode(Picture &picture, Stack &stack, const Told &told, Work &work) const override {
    const size_t size = size_t(picture.pixels());
    work.input.resize(size * channels);
    work.output.resize(size * map.outputs());
    interleave(picture, channels, map.numbers, work.input.data());
    net->run(work.input.data(), height, width, told, work.room, work.output.data());
    map.prepare(work.output.data(), static_cast<int>(size), work.maps);
    const std::vector<int> pixels = in_stages().pixels;
    for (size_t i = size; i-- > 0;) {
      map.encode(picture, pixels[i], work.maps, pixels[i], stack);
    }
    return in_range(picture.numbers);
  }

  bool decode(Picture &picture, Stack &stack, const Told &told, Work &work) const override {
    const size_t size = size_t(picture.pixels());
    // Pixels that are not known yet do not count: the taps do not see them.
    work.input.assign(size * channels, 0);
    work.output.resize(size * map.outputs());
    const Stages stages = in_stages();
    net->prepare(height, width, work.room);
    for (size_t stage = 0; stage + 1 < stages.starts.size(); stage++) {
      const int start = stages.starts[stage], count = stages.starts[stage + 1] - start;
      net->run_stage({&stages.pixels[start], count}, work.input.data(), height, width, told, work.room, work.output.data());
      for (int i = start; i < start + count; i++) {
        const size_t pixel = stages.pixels[i];
        map.prepare(&work.output[pixel * map.outputs()], 1, work.maps);
        if (!map.decode(picture, static_cast<int>(pixel), work.maps, 0, stack)) return false;
        for (int c = 0; c < channels; c++) {
          work.input[pixel * channels + c] = map.numbers.value(picture.channel(c)[pixel]);
        }
      }
    }
    return true;
  }

 private:
  struct Stages {
    std::vector<int> pixels, starts;
  };

  /// The pixels of a stage depend on those of earlier ones alone: stage 2 line + place.
  Stages in_stages() const {
    const bool across = order == CC_RIGHT || order == CC_LEFT, turned = order == CC_UP || order == CC_LEFT;
    const int lines = across ? width : height, places = across ? height : width;
    Stages stages;
    for (int stage = 0; stage < 2 * lines + places - 2; stage++) {
      stages.starts.push_back(static_cast<int>(stages.pixels.size()));
      for (int line = 0; line < lines; line++) {
        const int place = stage - 2 * line;
        if (place < 0 || place >= places) continue;
        const int l = turned ? lines - 1 - line : line, p = turned ? places - 1 - place : place;
        stages.pixels.push_back(across ? p * width + l : l * width + p);
      }
    }
    stages.starts.push_back(static_cast<int>(stages.pixels.size()));
    return stages;
  }

  const int channels;
  const cc_order order;
  const AffineMap map;
  const std::unique_ptr<Conditioner> net;
};

// --- Latents ---

/// Channels that leave as a latent, under the Gaussian that a network makes of those that go on.
class Latent : public Layer {
 public:
  Latent(int channels, int kept, float limit, std::unique_ptr<Network> network, Grid grid)
      : channels(channels), kept(kept), limit(limit), net(std::move(network)), numbers{grid} {}

  Network *network() const override { return net.get(); }

  bool encode(Picture &picture, Stack &stack, const Told &told, Work &work) const override {
    run(picture, told, work);
    const int count = channels - kept, pixels = picture.pixels();
    for (int pixel = 0; pixel < pixels; pixel++) {
      for (int c = 0; c < count; c++) {
        const Gaussian one = gaussian(work, pixel, c);
        const int64_t z = scaled(stack, picture.channel(kept + c)[pixel] - one.mean, one.scale, numbers.grid.scale);
        if ((z ^ (z >> 63)) >> 26) return false;
        NormalTable::shared().push(stack, static_cast<int32_t>(z), numbers.grid.number);
      }
    }
    picture.channels = kept;
    picture.numbers.resize(size_t(pixels) * kept);
    return true;
  }

  bool decode(Picture &picture, Stack &stack, const Told &told, Work &work) const override {
    const int count = channels - kept, pixels = height * width;
    picture.height = height;
    picture.width = width;
    run(picture, told, work);
    picture.channels = channels;
    picture.numbers.resize(size_t(pixels) * channels);
    for (int pixel = pixels - 1; pixel >= 0; pixel--) {
      for (int c = count - 1; c >= 0; c--) {
        const Gaussian one = gaussian(work, pixel, c);
        const int32_t z = NormalTable::shared().pop(stack, numbers.grid.number);
        picture.channel(kept + c)[pixel] = unscaled(stack, z, one.scale, numbers.grid.scale) + one.mean;
      }
    }
    return in_range(picture.numbers);
  }

 private:
  struct Gaussian {
    int64_t mean, scale;
  };

  void run(const Picture &picture, const Told &told, Work &work) const {
    if (!net) return;
    const size_t count = size_t(height) * width;
    work.input.resize(count * kept);
    work.output.resize(count * 2 * (channels - kept));
    interleave(picture, kept, numbers, work.input.data());
    net->run(work.input.data(), height, width, told, work.room, work.output.data());
    const size_t size = work.output.size();
    work.maps.grow(size);
    numbers_of(numbers, work.output.data(), static_cast<int64_t>(size), work.maps.shifts.data());
    deviations_of(limit, numbers, work.output.data(), static_cast<int64_t>(size), work.maps.scales.data());
  }

  Gaussian gaussian(const Work &work, int pixel, int c) const {
    if (!net) return {0, int64_t(1) << numbers.grid.scale};
    const size_t count = channels - kept, place = size_t(pixel) * 2 * count + c;
    return {work.maps.shifts[place], work.maps.scales[place + count]};
  }

  const int channels, kept;
  const float limit;
  const std::unique_ptr<Network> net;
  const Numbers numbers;
};

}  // namespace

std::unique_ptr<Layer> squeeze_layer(int channels) { return std::make_unique<Squeeze>(channels); }

std::unique_ptr<Layer> linear_layer(
    int channels, const int32_t *bias, const int64_t *upper, const uint32_t *diagonal, const int8_t *sign,
    const int64_t *lower, int fraction_bits, const int32_t *order, Grid grid) {
  return std::make_unique<Linear>(channels, bias, upper, diagonal, sign, lower, fraction_bits, order, grid);
}

std::unique_ptr<Layer> coupling_layer(
    int channels, cc_transform transform, float minimum, std::unique_ptr<Network> network, Grid grid) {
  return std::make_unique<Coupling>(channels, transform, minimum, std::move(network), grid);
}

std::unique_ptr<Layer> masked_layer(
    int channels, cc_order order, cc_transform transform, float minimum, std::unique_ptr<Network> network, Grid grid) {
  return std::make_unique<Masked>(channels, order, transform, minimum, std::move(network), grid);
}

std::unique_ptr<Layer> latent_layer(int channels, int kept, float limit, std::unique_ptr<Network> network, Grid grid) {
  return std::make_unique<Latent>(channels, kept, limit, std::move(network), grid);
}

}  // namespace codec
