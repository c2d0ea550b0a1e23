// Glow's conditioner on the CPU, all three convolutions over one tile of pixels at a time, so that the hidden
// activations of a tile never leave the cache between them:
//
//   hidden1 = relu(s1 * (patches(x) · conv1 + image_bias + b1))
//   hidden2 = relu(s2 * (hidden1 · conv2 + b2))
//   output  = s3 * (conv3(hidden2) + b3)
//
// with s = exp(factor * log_scale). conv3 is a product to a column per tap and output channel, added up with a shift for
// each tap as tiles are done. Each worker takes a chunk of tiles and keeps sums of its own for the gradients of the weights.
//
// With `Rounded` products the weights, the activations and their gradients are bfloat16 where they are multiplied, and
// hidden1 and hidden2 where they are kept; all else is as in float32.
#pragma once

#include <cmath>
#include <vector>

#include "borders.h"
#include "products.h"
#include "support.h"
#include "tiling.h"

namespace ctorch {

/// Pixels. The hidden activations of a tile and a panel of weights fit into a core's second-level cache.
constexpr int64_t largest_tile = 64;

struct ConditionerSizes {
  Geometry input, output;  // of the patches of conv1 and of the gradient of conv3; edge channels are treated apart
  int64_t hidden, outputs, edge;
  Tiling tiling;

  ConditionerSizes(const Geometry &input, const Taps &taps3, int64_t hidden, int64_t outputs, int64_t edge)
      : input(input), output{input.batch, input.height, input.width, outputs, 0, taps3.mirrored()}, hidden(hidden),
        outputs(outputs), edge(edge), tiling(input.rows(), largest_tile) {}

  int64_t rows() const { return input.rows(); }
  int64_t pixels_per_image() const { return input.height * input.width; }
  int64_t taps1() const { return input.columns(); }
  int64_t columns3() const { return output.columns(); }
};

inline void check_shape(const char *name, const at::Tensor &t, at::IntArrayRef expected) {
  TORCH_CHECK(t.sizes() == expected, "the conditioner's ", name, " has shape ", t.sizes(), ", expected ", expected);
  TORCH_CHECK(t.is_contiguous(), "the conditioner's ", name, " is not contiguous");
}

inline ConditionerSizes sizes_of(const ct_conditioner &c, const at::Tensor &input) {
  TORCH_CHECK(input.dim() == 4, "a conditioner needs [batch, height, width, channel], got ", input.sizes());
  const ct_conditioner_tensors &v = c.values;
  const int64_t edge = c.edge_channel ? 1 : 0;
  const int64_t hidden = tensor(v.conv2).size(0), outputs = tensor(v.conv3_bias).size(0), inputs = input.size(3);
  const Taps taps1(c.taps1), taps3(c.taps3);
  TORCH_CHECK(!edge || (taps1.fit_3x3() && taps3.fit_3x3()), "an edge channel marks the padding of 3x3 convolutions");
  const auto check_weights = [](const char *name, const at::Tensor &t, uint32_t mask, int64_t taps, int64_t in, int64_t out) {
    if (mask == CT_TAPS_3X3) {
      check_shape(name, t, {3, 3, in, out});
    } else {
      check_shape(name, t, {taps, in, out});
    }
  };
  check_weights("conv1", tensor(v.conv1), c.taps1, taps1.count, inputs + edge, hidden);
  check_shape("norm1.bias", tensor(v.norm1_bias), {hidden});
  check_shape("norm1.logScale", tensor(v.norm1_log_scale), {hidden});
  check_shape("conv2", tensor(v.conv2), {hidden, hidden});
  check_shape("norm2.bias", tensor(v.norm2_bias), {hidden});
  check_shape("norm2.logScale", tensor(v.norm2_log_scale), {hidden});
  check_weights("conv3", tensor(v.conv3), c.taps3, taps3.count, hidden + edge, outputs);
  check_shape("conv3.bias", tensor(v.conv3_bias), {outputs});
  check_shape("conv3.logScale", tensor(v.conv3_log_scale), {outputs});
  return {{input.size(0), input.size(1), input.size(2), inputs, 0, taps1}, taps3, hidden, outputs, edge};
}

template <class Scalar>
const Scalar *values(const ct_handle &handle) {
  return const_data<Scalar>(tensor(handle));
}

template <class Scalar>
Scalar *changed(const ct_handle &handle) {
  return tensor(handle).mutable_data_ptr<Scalar>();
}

template <class Scalar>
std::vector<Scalar> exponential_scales(const ct_handle &log_scale, double factor) {
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
Scalar *tap3(Scalar *conv3, const ConditionerSizes &s, int64_t tap) {
  return conv3 + (s.output.taps.count - 1 - tap) * (s.hidden + s.edge) * s.outputs;
}

/// Calls `body` with a value of the products' type.
template <class Body>
void with_products(const ct_conditioner &c, const at::Tensor &input, const Body &body) {
  if (!c.rounded) {
    AT_DISPATCH_FLOATING_TYPES(input.scalar_type(), "conditioner", [&] { body(Exact<scalar_t>()); });
    return;
  }
  TORCH_CHECK(input.scalar_type() == at::kFloat, "bfloat16 products are of float32 tensors");
  TORCH_CHECK(has_bfloat16_products(), "this processor or this build of libtorch has no bfloat16 products");
  TORCH_CHECK(tensor(c.values.conv2).size(0) % 2 == 0, "bfloat16 products need an even number of hidden channels");
  body(Rounded());
}

/// The row of conv1 that belongs to a column of the patches.
inline int64_t row1(const ConditionerSizes &s, int64_t column) { return column + column / s.input.channels * s.edge; }

}  // namespace ctorch
