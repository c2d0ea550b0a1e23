// Glow's conditioner on the CPU, all three convolutions over one tile of pixels at a time, so that the hidden
// activations of a tile never leave the cache between them:
//
//   hidden1 = relu(s1 * (patches(x) · conv1 + image_bias + b1))
//   hidden2 = relu(s2 * (hidden1 · conv2 + b2))
//   output  = s3 * (conv3(hidden2) + b3)
//
// with s = exp(factor * log_scale). conv3 is a product to nine columns per output channel, added up with nine shifts once
// every tile is done. Each worker takes a run of tiles and keeps sums of its own for the gradients of the weights.
#include <cmath>
#include <vector>

#include "patches.h"
#include "products.h"
#include "support.h"

using namespace ctorch;

namespace {

/// Pixels. The hidden activations of a tile and a panel of weights fit into a core's second-level cache.
constexpr int64_t largest_tile = 64;
/// So few pixels are done before a copy of the weights would pay.
constexpr int64_t rows_worth_a_copy = 512;

struct Sizes {
  Geometry input, output;  // of the patches of conv1 and of the gradient of conv3; edge channels are treated apart
  int64_t hidden, outputs, edge;
  int64_t tile, tiles, workers;

  Sizes(const Geometry &input, int64_t hidden, int64_t outputs, int64_t edge)
      : input(input), output{input.batch, input.height, input.width, outputs, 0}, hidden(hidden), outputs(outputs),
        edge(edge) {
    const int64_t threads = at::get_num_threads(), share = (rows() + threads - 1) / threads;
    // Not so large that a thread would have nothing to do.
    tile = std::clamp((share + 7) / 8 * 8, int64_t{8}, largest_tile);
    tiles = (rows() + tile - 1) / tile;
    workers = std::min(threads, tiles);
  }

  int64_t rows() const { return input.rows(); }
  int64_t pixels_per_image() const { return input.height * input.width; }
  int64_t taps1() const { return input.columns(); }
  int64_t columns3() const { return 9 * outputs; }
  int64_t first_row(int64_t worker) const { return std::min(rows(), tiles * worker / workers * tile); }

  /// Calls `body(worker, begin, end)` with the rows of each tile.
  template <class Body>
  void for_each_tile(const Body &body) const {
    parallel_for(workers, 1, [&](int64_t first, int64_t last) {
      for (int64_t worker = first; worker < last; worker++) {
        for (int64_t t = tiles * worker / workers; t < tiles * (worker + 1) / workers; t++) {
          body(worker, t * tile, std::min(rows(), (t + 1) * tile));
        }
      }
    });
  }
};

void check_shape(const char *name, const at::Tensor &t, at::IntArrayRef expected) {
  TORCH_CHECK(t.sizes() == expected, "the conditioner's ", name, " has shape ", t.sizes(), ", expected ", expected);
  TORCH_CHECK(t.is_contiguous(), "the conditioner's ", name, " is not contiguous");
}

Sizes sizes_of(const ct_conditioner &c, const at::Tensor &input) {
  TORCH_CHECK(input.dim() == 4, "a conditioner needs [batch, height, width, channel], got ", input.sizes());
  const ct_conditioner_tensors &v = c.values;
  const int64_t edge = c.edge_channel ? 1 : 0;
  const int64_t hidden = tensor(v.conv2).size(0), outputs = tensor(v.conv3_bias).size(0), inputs = input.size(3);
  check_shape("conv1", tensor(v.conv1), {3, 3, inputs + edge, hidden});
  check_shape("norm1.bias", tensor(v.norm1_bias), {hidden});
  check_shape("norm1.logScale", tensor(v.norm1_log_scale), {hidden});
  check_shape("conv2", tensor(v.conv2), {hidden, hidden});
  check_shape("norm2.bias", tensor(v.norm2_bias), {hidden});
  check_shape("norm2.logScale", tensor(v.norm2_log_scale), {hidden});
  check_shape("conv3", tensor(v.conv3), {3, 3, hidden + edge, outputs});
  check_shape("conv3.bias", tensor(v.conv3_bias), {outputs});
  check_shape("conv3.logScale", tensor(v.conv3_log_scale), {outputs});
  return {{input.size(0), input.size(1), input.size(2), inputs, 0}, hidden, outputs, edge};
}

template <class Scalar>
const Scalar *values(const ct_handle &handle) {
  return tensor(handle).const_data_ptr<Scalar>();
}

template <class Scalar>
Scalar *changed(const ct_handle &handle) {
  return tensor(handle).mutable_data_ptr<Scalar>();
}

template <class Scalar>
std::vector<Scalar> scales(const ct_handle &log_scale, double factor) {
  const int64_t count = tensor(log_scale).numel();
  const Scalar *log = values<Scalar>(log_scale);
  std::vector<Scalar> result(count);
  for (int64_t c = 0; c < count; c++) result[c] = std::exp(static_cast<Scalar>(factor) * log[c]);
  return result;
}

/// scale * (bias + image_bias), one row an image, or one row for all without `image_bias`.
template <class Scalar>
std::vector<Scalar> shifts(
    const std::vector<Scalar> &scale, const ct_handle &bias, const Scalar *image_bias, int64_t images) {
  const int64_t width = scale.size();
  const Scalar *own = values<Scalar>(bias);
  std::vector<Scalar> result(width * (image_bias ? images : 1));
  for (size_t i = 0; i < result.size(); i++) {
    result[i] = scale[i % width] * (own[i % width] + (image_bias ? image_bias[i] : 0));
  }
  return result;
}

/// The weights of conv3 for one tap, as the tap of the columns: mirrored, so that adding them up is the adjoint of patches.
template <class Scalar>
Scalar *tap3(Scalar *conv3, const Sizes &s, int64_t tap) {
  return conv3 + (8 - tap) * (s.hidden + s.edge) * s.outputs;
}

/// The borders of the image that a pixel touches, one bit each: top, bottom, left, right.
struct Borders {
  static constexpr int64_t count = 16;

  static int64_t of(const Geometry &g, int64_t pixel) {
    const int64_t x = pixel % g.width, y = pixel / g.width % g.height;
    return (y == 0) | (y == g.height - 1) << 1 | (x == 0) << 2 | (x == g.width - 1) << 3;
  }

  /// Whether a tap of a pixel at these borders lies outside, where the edge channel is 1.
  static bool exclude(int64_t borders, int64_t tap) {
    const int64_t dy = tap / 3 - 1, dx = tap % 3 - 1;
    return (dy < 0 && (borders & 1)) || (dy > 0 && (borders & 2)) || (dx < 0 && (borders & 4)) ||
        (dx > 0 && (borders & 8));
  }
};

/// What the edge channel, the last input of a 3x3 convolution, adds to the output, a row for each kind of border. The
/// weights are [9, inputs + 1, width].
template <class Scalar>
std::vector<Scalar> edge_rows(const Scalar *weights, int64_t inputs, int64_t width, bool edge) {
  std::vector<Scalar> rows(Borders::count * width, 0);
  for (int64_t borders = 1; edge && borders < Borders::count; borders++) {
    for (int64_t tap = 0; tap < 9; tap++) {
      if (Borders::exclude(borders, tap)) {
        add(rows.data() + borders * width, weights + (tap * (inputs + 1) + inputs) * width, width);
      }
    }
  }
  return rows;
}

/// The adjoint of ``edge_rows``: adds to the gradient of the weights.
template <class Scalar>
void add_edge_gradients(const std::vector<Scalar> &rows, Scalar *gradient, int64_t inputs, int64_t width) {
  for (int64_t borders = 1; borders < Borders::count; borders++) {
    for (int64_t tap = 0; tap < 9; tap++) {
      if (Borders::exclude(borders, tap)) {
        add(gradient + (tap * (inputs + 1) + inputs) * width, rows.data() + borders * width, width);
      }
    }
  }
}

/// Columns of patches that workers write tile by tile and add up line by line: a worker does a line as soon as it has
/// written those beside it, while they are in the cache, and leaves the lines at the ends of its run for later.
template <class Scalar, class Finish>
class Lines {
 public:
  /// `finish(line, pixels)` sees each line when its sums are complete.
  Lines(const Sizes &sizes, const Geometry &geometry, Scalar *columns, Scalar *output, const Finish &finish)
      : s(sizes), g(geometry), columns(columns), output(output), finish(finish) {
    for (int64_t worker = 0; worker <= s.workers; worker++) {
      const int64_t line = (s.first_row(worker) + g.width - 1) / g.width;
      next.push_back(line % g.height == 0 || worker == s.workers ? line : line + 1);
    }
    first = next;
  }

  /// A worker has written all rows of its own before `end`.
  void advance(int64_t worker, int64_t end) {
    int64_t line = next[worker];
    while (line + (line % g.height < g.height - 1) < end / g.width) add_up(line++);
    next[worker] = line;
  }

  /// All workers are done.
  void complete() {
    parallel_for(s.workers, 1, [&](int64_t begin, int64_t end) {
      for (int64_t worker = begin; worker < end; worker++) {
        for (int64_t line = next[worker]; line < first[worker + 1]; line++) add_up(line);
      }
    });
  }

 private:
  void add_up(int64_t line) {
    Scalar *const pixels = output + line * g.width * g.channels;
    scatter_line(static_cast<const Scalar *>(columns), g, line, pixels);
    finish(line, pixels);
  }

  const Sizes &s;
  const Geometry &g;
  Scalar *columns, *output;
  const Finish &finish;
  std::vector<int64_t> first, next;
};

/// The row of conv1 that belongs to a column of the patches.
int64_t row1(const Sizes &s, int64_t column) { return column + column / s.input.channels * s.edge; }

/// The first `k` rows of conv1 (without those of the edge channel) or conv2.
template <class Scalar, class Row>
Panels<Scalar> rows_of(const ct_handle &handle, const Sizes &s, int64_t k, const Row &row) {
  const Scalar *const matrix = values<Scalar>(handle);
  const int64_t n = s.hidden;
  if (s.rows() <= rows_worth_a_copy && row(k - 1) == k - 1) return {matrix, k, n};
  return {k, n, tensor(handle).options(), [=](Scalar *panel, int64_t begin, int64_t width) {
    for (int64_t i = 0; i < k; i++) std::copy_n(matrix + row(i) * n + begin, width, panel + i * width);
  }};
}

/// Conv3 as a matrix, [hidden, 9 * outputs].
template <class Scalar>
Panels<Scalar> columns3(const ct_handle &conv3, const Sizes &s) {
  const Scalar *weights = values<Scalar>(conv3);
  return {s.hidden, s.columns3(), tensor(conv3).options(), [=](Scalar *panel, int64_t begin, int64_t width) {
    for (int64_t column = begin; column < begin + width;) {
      const int64_t first = column % s.outputs, count = std::min(s.outputs - first, begin + width - column);
      const Scalar *source = tap3(weights, s, column / s.outputs) + first;
      for (int64_t h = 0; h < s.hidden; h++) {
        for (int64_t o = 0; o < count; o++) panel[h * width + column - begin + o] = source[h * s.outputs + o];
      }
      column += count;
    }
  }};
}

struct ForwardResult {
  at::Tensor output, hidden1, hidden2;
};

template <class Scalar>
ForwardResult forward(const ct_conditioner &c, const at::Tensor &input, const at::Tensor &image_bias, bool keep) {
  const Sizes s = sizes_of(c, input);
  const auto options = input.options();
  const SpacedImages images(input);
  const Pixels<Scalar> x = images.template pixels<Scalar>();

  const auto conv1 = rows_of<Scalar>(c.values.conv1, s, s.taps1(), [&](int64_t i) { return row1(s, i); });
  const auto conv2 = rows_of<Scalar>(c.values.conv2, s, s.hidden, [](int64_t i) { return i; });
  const auto conv3 = columns3<Scalar>(c.values.conv3, s);
  const Scalar *bias = image_bias.defined() ? image_bias.const_data_ptr<Scalar>() : nullptr;
  const auto scale1 = scales<Scalar>(c.values.norm1_log_scale, c.norm_factor);
  const auto scale2 = scales<Scalar>(c.values.norm2_log_scale, c.norm_factor);
  const auto shift1 = shifts(scale1, c.values.norm1_bias, bias, s.input.batch);
  const auto shift2 = shifts(scale2, c.values.norm2_bias, static_cast<const Scalar *>(nullptr), 1);
  const auto scale3 = scales<Scalar>(c.values.conv3_log_scale, c.output_factor);
  auto edges1 = edge_rows(values<Scalar>(c.values.conv1), s.input.channels, s.hidden, s.edge);
  for (size_t i = 0; i < edges1.size(); i++) edges1[i] *= scale1[i % s.hidden];
  const auto edges3 = edge_rows(values<Scalar>(c.values.conv3), s.hidden, s.outputs, s.edge);
  const std::vector<Scalar> nothing(s.hidden, 0);

  // Without `keep`, each worker has room for one tile.
  const int64_t hidden_rows = keep ? s.rows() : s.workers * s.tile;
  const at::Tensor hidden1 = at::empty({hidden_rows, s.hidden}, options), hidden2 = at::empty_like(hidden1);
  const at::Tensor patches = at::empty({s.workers, s.tile * s.taps1()}, options);
  const at::Tensor columns = at::empty({s.rows(), s.columns3()}, options);
  Scalar *const all1 = hidden1.template mutable_data_ptr<Scalar>(), *const all2 = hidden2.template mutable_data_ptr<Scalar>();
  Scalar *const all_patches = patches.mutable_data_ptr<Scalar>(), *const all3 = columns.mutable_data_ptr<Scalar>();

  const at::Tensor output = at::empty({s.input.batch, s.input.height, s.input.width, s.outputs}, options);
  const auto finish = [&](int64_t line, Scalar *pixels) {
    for (int64_t x = 0; s.edge && x < s.input.width; x++) {
      const int64_t borders = Borders::of(s.input, line * s.input.width + x);
      if (borders) add(pixels + x * s.outputs, edges3.data() + borders * s.outputs, s.outputs);
    }
    shift_scale_pixels(pixels, values<Scalar>(c.values.conv3_bias), scale3.data(), s.input.width, s.outputs);
  };
  Lines<Scalar, decltype(finish)> lines(s, s.output, all3, output.mutable_data_ptr<Scalar>(), finish);

  s.for_each_tile([&](int64_t worker, int64_t begin, int64_t end) {
    const int64_t count = end - begin, row = keep ? begin : worker * s.tile;
    Scalar *taps = all_patches + worker * s.tile * s.taps1();
    const Rows<Scalar> h1{all1 + row * s.hidden, count, s.hidden}, h2{all2 + row * s.hidden, count, s.hidden};
    gather(x, s.input, begin, end, taps);
    conv1.multiply_into(h1.data, s.hidden, taps, count, s.taps1());
    for (int64_t r = 0; r < count; r++) {
      const int64_t image = bias ? (begin + r) / s.pixels_per_image() : 0;
      const int64_t borders = s.edge ? Borders::of(s.input, begin + r) : 0;
      scale_shift_relu(
          h1[r], scale1.data(), shift1.data() + image * s.hidden, edges1.data() + borders * s.hidden, s.hidden);
    }
    conv2.multiply_into(h2.data, s.hidden, h1.data, count, s.hidden);
    for (int64_t r = 0; r < count; r++) {
      scale_shift_relu(h2[r], scale2.data(), shift2.data(), nothing.data(), s.hidden);
    }
    conv3.multiply_into(all3 + begin * s.columns3(), s.columns3(), h2.data, count, s.hidden);
    lines.advance(worker, end);
  });
  lines.complete();
  if (!keep) return {output, {}, {}};
  return {output, hidden1, hidden2};
}

/// One worker's sums over its pixels.
template <class Scalar>
struct Sums {
  Scalar *conv1, *conv2, *conv3;  // conv3 as columns, [hidden, 9 * outputs]
  std::vector<Scalar> norm1, norm1_times_y, norm2, norm2_times_y, bias3, bias3_times_y, image_bias;
  std::vector<Scalar> edges1, edges3;  // for each kind of border
  bool empty = true;
};

/// Adds the first gradients of conv3's own parameters to `sums`, and returns that of the sum of its columns.
template <class Scalar>
at::Tensor through_output_scale(
    const ct_conditioner &c, const Sizes &s, std::vector<Sums<Scalar>> &sums, const at::Tensor &output,
    const at::Tensor &grad_output) {
  const at::Tensor result = at::empty(output.sizes(), output.options());
  const std::vector<Scalar> scale = scales<Scalar>(c.values.conv3_log_scale, c.output_factor);
  const Scalar *y = output.const_data_ptr<Scalar>(), *gradient = grad_output.const_data_ptr<Scalar>();
  Scalar *scaled = result.mutable_data_ptr<Scalar>();
  s.for_each_tile([&](int64_t worker, int64_t begin, int64_t end) {
    Sums<Scalar> &sum = sums[worker];
    for (int64_t pixel = begin; pixel < end; pixel++) {
      const Scalar *g = gradient + pixel * s.outputs, *value = y + pixel * s.outputs;
      Scalar *to = scaled + pixel * s.outputs;
      for (int64_t o = 0; o < s.outputs; o++) {
        to[o] = g[o] * scale[o];
        sum.bias3[o] += to[o];
        sum.bias3_times_y[o] += g[o] * value[o];
      }
      const int64_t borders = s.edge ? Borders::of(s.input, pixel) : 0;
      if (borders) add(sum.edges3.data() + borders * s.outputs, to, s.outputs);
    }
  });
  return result;
}

/// Adds what all workers have found to the gradients of the parameters.
template <class Scalar>
void collect(
    const ct_conditioner &c, const ct_conditioner_tensors &gradients, const Sizes &s,
    const std::vector<Sums<Scalar>> &sums, Scalar *image_bias) {
  const auto add_scaled = [](const ct_handle &gradient, const std::vector<Scalar> &from, const Scalar *scale, double factor) {
    Scalar *to = changed<Scalar>(gradient);
    for (size_t i = 0; i < from.size(); i++) to[i] += from[i] * static_cast<Scalar>(factor) * (scale ? scale[i] : 1);
  };
  const auto scale1 = scales<Scalar>(c.values.norm1_log_scale, c.norm_factor);
  const auto scale2 = scales<Scalar>(c.values.norm2_log_scale, c.norm_factor);
  for (const Sums<Scalar> &sum : sums) {
    add_scaled(gradients.norm1_bias, sum.norm1, scale1.data(), 1);
    add_scaled(gradients.norm1_log_scale, sum.norm1_times_y, nullptr, c.norm_factor);
    add_scaled(gradients.norm2_bias, sum.norm2, scale2.data(), 1);
    add_scaled(gradients.norm2_log_scale, sum.norm2_times_y, nullptr, c.norm_factor);
    add_scaled(gradients.conv3_bias, sum.bias3, nullptr, 1);
    add_scaled(gradients.conv3_log_scale, sum.bias3_times_y, nullptr, c.output_factor);
    if (s.edge) {
      add_edge_gradients(sum.edges1, changed<Scalar>(gradients.conv1), s.input.channels, s.hidden);
      add_edge_gradients(sum.edges3, changed<Scalar>(gradients.conv3), s.hidden, s.outputs);
    }
    if (image_bias) {
      for (size_t i = 0; i < sum.image_bias.size(); i++) image_bias[i] += sum.image_bias[i] * scale1[i % s.hidden];
    }
  }
  const auto add_rows = [&](Scalar *to, Scalar *Sums<Scalar>::*from, int64_t rows, const auto &row) {
    parallel_for(rows, 16384 / s.hidden + 1, [&](int64_t begin, int64_t end) {
      for (const Sums<Scalar> &sum : sums) {
        if (sum.empty || sum.*from == to) continue;
        for (int64_t i = begin; i < end; i++) add(to + row(i) * s.hidden, sum.*from + i * s.hidden, s.hidden);
      }
    });
  };
  add_rows(
      changed<Scalar>(gradients.conv1), &Sums<Scalar>::conv1, s.taps1(), [&](int64_t i) { return row1(s, i); });
  add_rows(changed<Scalar>(gradients.conv2), &Sums<Scalar>::conv2, s.hidden, [](int64_t i) { return i; });
  Scalar *const conv3 = changed<Scalar>(gradients.conv3);
  parallel_for(9 * s.hidden, 16384 / s.outputs + 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      const int64_t tap = i / s.hidden, h = i % s.hidden;
      for (const Sums<Scalar> &sum : sums) {
        if (!sum.empty) {
          add(tap3(conv3, s, tap) + h * s.outputs, sum.conv3 + h * s.columns3() + tap * s.outputs, s.outputs);
        }
      }
    }
  });
}

template <class Scalar>
at::Tensor backward(
    const ct_conditioner &c, const ct_conditioner_tensors &gradients, const at::Tensor &input,
    const at::Tensor &hidden1, const at::Tensor &hidden2, const at::Tensor &output, const at::Tensor &grad_output,
    const at::Tensor &grad_image_bias) {
  const Sizes s = sizes_of(c, input);
  const auto options = input.options();
  const SpacedImages images(input);
  const Pixels<Scalar> x = images.template pixels<Scalar>();
  const int64_t workers = s.workers, tile = s.tile;

  const Scalar *const w1 = values<Scalar>(c.values.conv1), *const w2 = values<Scalar>(c.values.conv2);
  const Scalar *const w3 = values<Scalar>(c.values.conv3);
  const Panels<Scalar> conv3(s.columns3(), s.hidden, options, [=](Scalar *panel, int64_t begin, int64_t width) {
    for (int64_t tap = 0; tap < 9; tap++) {
      transpose(
          tap3(w3, s, tap) + begin * s.outputs, s.outputs, width, s.outputs, panel + tap * s.outputs * width, width);
    }
  });
  const Panels<Scalar> conv2(s.hidden, s.hidden, options, [=](Scalar *panel, int64_t begin, int64_t width) {
    transpose(w2 + begin * s.hidden, s.hidden, width, s.hidden, panel, width);
  });
  const int64_t inputs = s.input.channels;
  const Panels<Scalar> conv1(s.hidden, s.taps1(), options, [=](Scalar *panel, int64_t begin, int64_t width) {
    for (int64_t column = begin; column < begin + width;) {
      const int64_t first = column % inputs, count = std::min(inputs - first, begin + width - column);
      transpose(w1 + row1(s, column) * s.hidden, s.hidden, count, s.hidden, panel + column - begin, width);
      column += count;
    }
  });
  const auto scale1 = scales<Scalar>(c.values.norm1_log_scale, c.norm_factor);
  const auto scale2 = scales<Scalar>(c.values.norm2_log_scale, c.norm_factor);

  // The first worker's sums of conv2 are the gradient itself.
  const int64_t size1 = s.taps1() * s.hidden, size2 = s.hidden * s.hidden, size3 = s.columns3() * s.hidden;
  const at::Tensor own1 = at::empty({workers, size1}, options), own2 = at::empty({workers - 1, size2}, options);
  const at::Tensor own3 = at::empty({workers, size3}, options);
  std::vector<Sums<Scalar>> sums(workers);
  for (int64_t w = 0; w < workers; w++) {
    Sums<Scalar> &sum = sums[w];
    sum.conv1 = own1.mutable_data_ptr<Scalar>() + w * size1;
    sum.conv2 = w == 0 ? changed<Scalar>(gradients.conv2) : own2.mutable_data_ptr<Scalar>() + (w - 1) * size2;
    sum.conv3 = own3.mutable_data_ptr<Scalar>() + w * size3;
    for (auto *v : {&sum.norm1, &sum.norm1_times_y, &sum.norm2, &sum.norm2_times_y}) v->assign(s.hidden, 0);
    for (auto *v : {&sum.bias3, &sum.bias3_times_y}) v->assign(s.outputs, 0);
    sum.edges1.assign(Borders::count * s.hidden, 0);
    sum.edges3.assign(Borders::count * s.outputs, 0);
    if (grad_image_bias.defined()) sum.image_bias.assign(s.input.batch * s.hidden, 0);
  }

  const at::Tensor grad_columns = through_output_scale(c, s, sums, output, grad_output);
  const Pixels<Scalar> grad_pixels{grad_columns.const_data_ptr<Scalar>(), s.outputs};
  const at::Tensor input_columns = at::empty({s.rows(), s.taps1()}, options);
  Scalar *const grad_taps = input_columns.mutable_data_ptr<Scalar>();
  const Scalar *const all1 = hidden1.const_data_ptr<Scalar>(), *const all2 = hidden2.const_data_ptr<Scalar>();

  const int64_t room = tile * (s.columns3() + 3 * s.hidden + 2 * s.taps1()) + 2 * s.hidden;
  const at::Tensor scratch = at::empty({workers, room}, options);
  Scalar *const all_scratch = scratch.mutable_data_ptr<Scalar>();

  const at::Tensor grad_input = at::empty(input.sizes(), options);
  const auto finish = [](int64_t, Scalar *) {};
  Lines<Scalar, decltype(finish)> lines(s, s.input, grad_taps, grad_input.mutable_data_ptr<Scalar>(), finish);
  s.for_each_tile([&](int64_t worker, int64_t begin, int64_t end) {
    Sums<Scalar> &sum = sums[worker];
    const int64_t count = end - begin;
    Scalar *const g3 = all_scratch + worker * room, *const g2 = g3 + tile * s.columns3(), *const g1 = g2 + tile * s.hidden;
    Scalar *const turned = g1 + tile * s.hidden, *const taps = turned + tile * s.hidden;
    Scalar *const turned_taps = taps + tile * s.taps1(), *const partial = turned_taps + tile * s.taps1();
    const Rows<const Scalar> h1{all1 + begin * s.hidden, count, s.hidden}, h2{all2 + begin * s.hidden, count, s.hidden};

    const auto through_relu = [&](Scalar *gradient, Rows<const Scalar> y, const std::vector<Scalar> &scale,
                                  std::vector<Scalar> &total, std::vector<Scalar> &total_times_y) {
      std::fill_n(partial, 2 * s.hidden, Scalar(0));
      relu_backward({gradient, count, s.hidden}, y, scale.data(), partial, partial + s.hidden);
      add(total.data(), partial, s.hidden);
      add(total_times_y.data(), partial + s.hidden, s.hidden);
    };

    gather(grad_pixels, s.output, begin, end, g3);
    transpose(h2.data, s.hidden, count, s.hidden, turned, count);
    multiply(
        s.hidden, s.columns3(), count, turned, count, g3, s.columns3(), sum.conv3, s.columns3(), !sum.empty);
    conv3.multiply_into(g2, s.hidden, g3, count, s.columns3());
    through_relu(g2, h2, scale2, sum.norm2, sum.norm2_times_y);

    transpose(h1.data, s.hidden, count, s.hidden, turned, count);
    multiply(
        s.hidden, s.hidden, count, turned, count, g2, s.hidden, sum.conv2, s.hidden, worker == 0 || !sum.empty);
    conv2.multiply_into(g1, s.hidden, g2, count, s.hidden);
    if (grad_image_bias.defined()) {
      for (int64_t r = 0; r < count; r++) {
        Scalar *to = sum.image_bias.data() + (begin + r) / s.pixels_per_image() * s.hidden;
        for (int64_t h = 0; h < s.hidden; h++) to[h] += h1[r][h] <= 0 ? Scalar(0) : g1[r * s.hidden + h];
      }
    }
    through_relu(g1, h1, scale1, sum.norm1, sum.norm1_times_y);
    for (int64_t r = 0; s.edge && r < count; r++) {
      const int64_t borders = Borders::of(s.input, begin + r);
      if (borders) add(sum.edges1.data() + borders * s.hidden, g1 + r * s.hidden, s.hidden);
    }

    gather(x, s.input, begin, end, taps);
    transpose(taps, s.taps1(), count, s.taps1(), turned_taps, count);
    multiply(
        s.taps1(), s.hidden, count, turned_taps, count, g1, s.hidden, sum.conv1, s.hidden, !sum.empty);
    conv1.multiply_into(grad_taps + begin * s.taps1(), s.taps1(), g1, count, s.hidden);
    lines.advance(worker, end);
    sum.empty = false;
  });
  lines.complete();

  collect(
      c, gradients, s, sums, grad_image_bias.defined() ? grad_image_bias.mutable_data_ptr<Scalar>() : nullptr);
  return grad_input;
}

}  // namespace

extern "C" {

ct_status ct_conditioner_forward(
    const ct_conditioner *conditioner, ct_handle input, ct_handle image_bias, bool keep, ct_handle *output,
    ct_handle *hidden1, ct_handle *hidden2) {
  return guarded([&] {
    const at::Tensor bias = image_bias.object ? tensor(image_bias).contiguous() : at::Tensor();
    AT_DISPATCH_FLOATING_TYPES(tensor(input).scalar_type(), "conditioner", [&] {
      ForwardResult result = forward<scalar_t>(*conditioner, tensor(input), bias, keep);
      *output = owned(std::move(result.output));
      if (keep) {
        *hidden1 = owned(std::move(result.hidden1));
        *hidden2 = owned(std::move(result.hidden2));
      }
    });
  });
}

ct_status ct_conditioner_backward(
    const ct_conditioner *conditioner, const ct_conditioner_tensors *gradients, ct_handle input, ct_handle hidden1,
    ct_handle hidden2, ct_handle output, ct_handle grad_output, ct_handle grad_image_bias, ct_handle *grad_input) {
  return guarded([&] {
    const at::Tensor bias = grad_image_bias.object ? tensor(grad_image_bias) : at::Tensor();
    AT_DISPATCH_FLOATING_TYPES(tensor(input).scalar_type(), "conditioner", [&] {
      *grad_input = owned(backward<scalar_t>(
          *conditioner, *gradients, tensor(input), tensor(hidden1), tensor(hidden2), tensor(output),
          tensor(grad_output).contiguous(), bias));
    });
  });
}

}  // extern "C"
