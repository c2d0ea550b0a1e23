#include <optional>

#include "conditioner.h"

using namespace ctorch;

namespace {

/// So few pixels are done before a copy of the weights would pay.
constexpr int64_t rows_worth_a_copy = 512;

/// The first `k` rows of conv1 (without those of the edge channel) or conv2.
template <class Product, class Row>
Panels<Product> rows_of(const ct_handle &handle, const ConditionerSizes &s, int64_t k, const Row &row) {
  using Scalar = typename Product::Scalar;
  const Scalar *const matrix = values<Scalar>(handle);
  const int64_t n = s.hidden;
  if constexpr (!Product::rounds) {
    if (s.rows() <= rows_worth_a_copy && row(k - 1) == k - 1) return {matrix, k, n};
  }
  return {k, n, tensor(handle).options(), [=](Scalar *panel, int64_t begin, int64_t width) {
    for (int64_t i = 0; i < k; i++) std::copy_n(matrix + row(i) * n + begin, width, panel + i * width);
  }};
}

/// Conv3 as a matrix, [hidden, taps * outputs]; nothing where its taps are multiplied one by one, where they are.
template <class Product>
std::optional<Panels<Product>> columns3(const ct_handle &conv3, const ConditionerSizes &s) {
  using Scalar = typename Product::Scalar;
  // A vector register holds 16 numbers: taps that fill theirs need no copy.
  if (!Product::rounds && s.rows() <= rows_worth_a_copy && s.outputs % 16 == 0) return std::nullopt;
  const Scalar *weights = values<Scalar>(conv3);
  return Panels<Product>(s.hidden, s.columns3(), tensor(conv3).options(), [=](Scalar *panel, int64_t begin, int64_t width) {
    for (int64_t column = begin; column < begin + width;) {
      const int64_t first = column % s.outputs, count = std::min(s.outputs - first, begin + width - column);
      const Scalar *source = tap3(weights, s, column / s.outputs) + first;
      copy_pixels(panel + column - begin, width, source, s.outputs, s.hidden, count);
      column += count;
    }
  });
}

struct ForwardResult {
  at::Tensor output, hidden1, hidden2;
};

template <class Product>
ForwardResult forward(const ct_conditioner &c, const at::Tensor &input, const at::Tensor &image_bias, bool keep) {
  using Scalar = typename Product::Scalar;
  using Operand = typename Product::Operand;
  const ConditionerSizes s = sizes_of(c, input);
  if (image_bias.defined()) check_shape("image bias", image_bias, {s.input.batch, s.hidden});
  const auto options = input.options();
  const PaddedImages<Scalar> x(input, s.input);

  const auto conv1 = rows_of<Product>(c.values.conv1, s, s.taps1(), [&](int64_t i) { return row1(s, i); });
  const auto conv2 = rows_of<Product>(c.values.conv2, s, s.hidden, [](int64_t i) { return i; });
  const auto conv3 = columns3<Product>(c.values.conv3, s);
  const Scalar *bias = image_bias.defined() ? const_data<Scalar>(image_bias) : nullptr;
  const auto scale1 = exponential_scales<Scalar>(c.values.norm1_log_scale, c.norm_factor);
  const auto scale2 = exponential_scales<Scalar>(c.values.norm2_log_scale, c.norm_factor);
  const auto shift1 = shifts(scale1, c.values.norm1_bias, bias, s.input.batch);
  const auto shift2 = shifts(scale2, c.values.norm2_bias, static_cast<const Scalar *>(nullptr), 1);
  const auto scale3 = exponential_scales<Scalar>(c.values.conv3_log_scale, c.output_factor);
  auto edges1 = edge_rows(values<Scalar>(c.values.conv1), s.input.taps, s.input.channels, s.hidden, s.edge);
  for (size_t i = 0; i < edges1.size(); i++) edges1[i] *= scale1[i % s.hidden];
  const auto edges3 = edge_rows(values<Scalar>(c.values.conv3), s.output.taps.mirrored(), s.hidden, s.outputs, s.edge);
  const std::vector<Scalar> nothing(s.hidden, 0);

  // Without `keep`, each worker has room for one tile.
  const auto operands = options.dtype(c10::CppTypeToScalarType<Operand>::value);
  const int64_t hidden_rows = keep ? s.rows() : s.tiling.workers * s.tiling.tile;
  const at::Tensor hidden1 = at::empty({hidden_rows, s.hidden}, operands), hidden2 = at::empty_like(hidden1);
  const at::Tensor patches = at::empty({s.tiling.workers, s.tiling.tile * s.taps1()}, options);
  const at::Tensor columns = at::empty({s.rows(), s.columns3()}, options);
  Operand *const all1 = hidden1.mutable_data_ptr<Operand>(), *const all2 = hidden2.mutable_data_ptr<Operand>();
  Scalar *const all_patches = patches.mutable_data_ptr<Scalar>(), *const all3 = columns.mutable_data_ptr<Scalar>();
  using Workspace = typename Product::Workspace;
  const int64_t workspace_size = Product::rounds ? Workspace::size(s.tiling.tile, s.taps1()) : 0;
  const at::Tensor workspaces = at::empty({s.tiling.workers, workspace_size}, operands);
  Operand *const all_workspaces = workspaces.mutable_data_ptr<Operand>();
  const at::Tensor sums = at::empty({Product::rounds ? s.tiling.workers : 0, s.tiling.tile * s.hidden}, options);
  Scalar *const all_sums = sums.mutable_data_ptr<Scalar>();

  const at::Tensor output = at::empty({s.input.batch, s.input.height, s.input.width, s.outputs}, options);
  const auto finish = [&](int64_t line, Scalar *pixels) {
    for (int64_t x = 0; s.edge && x < s.input.width; x++) {
      const int64_t borders = Borders::of(s.input, line * s.input.width + x);
      if (borders) add(pixels + x * s.outputs, edges3.data() + borders * s.outputs, s.outputs);
    }
    shift_scale_pixels(pixels, values<Scalar>(c.values.conv3_bias), scale3.data(), s.input.width, s.outputs);
  };
  Lines<Scalar, decltype(finish)> lines(s.tiling, s.output, all3, output.mutable_data_ptr<Scalar>(), finish);

  s.tiling.for_each_tile([&](int64_t worker, int64_t begin, int64_t end) {
    const int64_t count = end - begin, row = keep ? begin : worker * s.tiling.tile;
    Scalar *taps = all_patches + worker * s.tiling.tile * s.taps1();
    const Rows<Operand> h1{all1 + row * s.hidden, count, s.hidden}, h2{all2 + row * s.hidden, count, s.hidden};
    const Workspace workspace(all_workspaces + worker * workspace_size, s.tiling.tile, s.taps1());
    // Each layer's sums, which become its activations; in place where both are of one type.
    const auto layer = [&](const Panels<Product> &weights, const Operand *from, int64_t stride, Rows<Operand> to,
                           const auto &activate) {
      if constexpr (Product::rounds) {
        Scalar *const sum = all_sums + worker * s.tiling.tile * s.hidden;
        weights.multiply_into(sum, s.hidden, from, count, stride);
        for (int64_t r = 0; r < count; r++) activate(r, sum + r * s.hidden, to[r]);
      } else {
        weights.multiply_into(to.data, s.hidden, from, count, stride);
        for (int64_t r = 0; r < count; r++) activate(r, to[r]);
      }
    };
    gather(x, s.input, begin, end, taps);
    layer(
        conv1, Product::left(taps, count, s.taps1(), workspace), Product::padded(s.taps1()), h1,
        [&](int64_t r, Scalar *sum, auto... to) {
          const int64_t image = bias ? (begin + r) / s.pixels_per_image() : 0;
          const int64_t borders = s.edge ? Borders::of(s.input, begin + r) : 0;
          scale_shift_relu(
              sum, scale1.data(), shift1.data() + image * s.hidden, edges1.data() + borders * s.hidden, s.hidden,
              to...);
        });
    layer(conv2, h1.data, s.hidden, h2, [&](int64_t, Scalar *sum, auto... to) {
      scale_shift_relu(sum, scale2.data(), shift2.data(), nothing.data(), s.hidden, to...);
    });
    Scalar *const columns3 = all3 + begin * s.columns3();
    if (conv3) {
      conv3->multiply_into(columns3, s.columns3(), h2.data, count, s.hidden);
    } else if constexpr (!Product::rounds) {
      for (int64_t tap = 0; tap < s.output.taps.count; tap++) {
        multiply(
            count, s.outputs, s.hidden, h2.data, s.hidden, tap3(values<Scalar>(c.values.conv3), s, tap), s.outputs,
            columns3 + tap * s.outputs, s.columns3(), false);
      }
    }
    Product::finish();
    lines.advance(worker, end);
  });
  lines.complete();
  if (!keep) return {output, {}, {}};
  return {output, hidden1, hidden2};
}

}  // namespace

extern "C" {

ct_status ct_conditioner_forward(
    const ct_conditioner *conditioner, ct_handle input, ct_handle image_bias, bool keep, ct_handle *output,
    ct_handle *hidden1, ct_handle *hidden2) {
  return guarded([&] {
    const at::Tensor bias = image_bias.object ? tensor(image_bias).contiguous() : at::Tensor();
    with_products(*conditioner, tensor(input), [&](auto products) {
      ForwardResult result = forward<decltype(products)>(*conditioner, tensor(input), bias, keep);
      *output = owned(std::move(result.output));
      if (keep) {
        *hidden1 = owned(std::move(result.hidden1));
        *hidden2 = owned(std::move(result.hidden2));
      }
    });
  });
}

}  // extern "C"
