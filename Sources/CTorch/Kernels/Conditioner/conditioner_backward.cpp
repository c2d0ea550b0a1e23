#include "conditioner.h"

using namespace ctorch;

namespace {

/// One worker's sums over its pixels.
template <class Scalar>
struct Sums {
  Scalar *conv1, *conv2, *conv3;  // conv3 as columns, [hidden, taps * outputs]
  std::vector<Scalar> norm1, norm1_times_y, norm2, norm2_times_y, bias3, bias3_times_y, image_bias;
  std::vector<Scalar> edges1, edges3;  // for each kind of border
  bool empty = true;
};

/// Adds the first gradients of conv3's own parameters to `sums`, and returns that of the sum of its columns.
template <class Scalar>
at::Tensor through_output_scale(
    const ct_conditioner &c, const ConditionerSizes &s, std::vector<Sums<Scalar>> &sums, const at::Tensor &output,
    const at::Tensor &grad_output) {
  const at::Tensor result = at::empty(output.sizes(), output.options());
  const std::vector<Scalar> scale = exponential_scales<Scalar>(c.values.conv3_log_scale, c.output_factor);
  const Scalar *y = const_data<Scalar>(output), *gradient = const_data<Scalar>(grad_output);
  Scalar *scaled = result.mutable_data_ptr<Scalar>();
  s.tiling.for_each_tile([&](int64_t worker, int64_t begin, int64_t end) {
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
    const ct_conditioner &c, const ct_conditioner_tensors &gradients, const ConditionerSizes &s,
    const std::vector<Sums<Scalar>> &sums, Scalar *image_bias) {
  const auto add_scaled = [](const ct_handle &gradient, const std::vector<Scalar> &from, const Scalar *scale,
                             double factor) {
    Scalar *to = changed<Scalar>(gradient);
    for (size_t i = 0; i < from.size(); i++) to[i] += from[i] * static_cast<Scalar>(factor) * (scale ? scale[i] : 1);
  };
  const auto scale1 = exponential_scales<Scalar>(c.values.norm1_log_scale, c.norm_factor);
  const auto scale2 = exponential_scales<Scalar>(c.values.norm2_log_scale, c.norm_factor);
  for (const Sums<Scalar> &sum : sums) {
    add_scaled(gradients.norm1_bias, sum.norm1, scale1.data(), 1);
    add_scaled(gradients.norm1_log_scale, sum.norm1_times_y, nullptr, c.norm_factor);
    add_scaled(gradients.norm2_bias, sum.norm2, scale2.data(), 1);
    add_scaled(gradients.norm2_log_scale, sum.norm2_times_y, nullptr, c.norm_factor);
    add_scaled(gradients.conv3_bias, sum.bias3, nullptr, 1);
    add_scaled(gradients.conv3_log_scale, sum.bias3_times_y, nullptr, c.output_factor);
    if (s.edge) {
      add_edge_gradients(sum.edges1, s.input.taps, changed<Scalar>(gradients.conv1), s.input.channels, s.hidden);
      add_edge_gradients(sum.edges3, s.output.taps.mirrored(), changed<Scalar>(gradients.conv3), s.hidden, s.outputs);
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
  parallel_for(s.output.taps.count * s.hidden, 16384 / s.outputs + 1, [&](int64_t begin, int64_t end) {
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

template <class Product>
at::Tensor backward(
    const ct_conditioner &c, const ct_conditioner_tensors &gradients, const at::Tensor &input,
    const at::Tensor &hidden1, const at::Tensor &hidden2, const at::Tensor &output, const at::Tensor &grad_output,
    const at::Tensor &grad_image_bias) {
  using Scalar = typename Product::Scalar;
  using Operand = typename Product::Operand;
  const ConditionerSizes s = sizes_of(c, input);
  check_shape("first hidden layer", hidden1, {s.rows(), s.hidden});
  check_shape("second hidden layer", hidden2, {s.rows(), s.hidden});
  for (const at::Tensor &t : {hidden1, hidden2}) {
    TORCH_CHECK(
        t.scalar_type() == c10::CppTypeToScalarType<Operand>::value, "a hidden layer of the conditioner is ",
        t.scalar_type(), ": it was kept in another precision");
  }
  for (const at::Tensor &t : {output, grad_output}) {
    check_shape("output", t, {s.input.batch, s.input.height, s.input.width, s.outputs});
  }
  if (grad_image_bias.defined()) check_shape("image bias", grad_image_bias, {s.input.batch, s.hidden});
  const auto options = input.options();
  const PaddedImages<Scalar> x(input, s.input);
  const int64_t workers = s.tiling.workers, tile = s.tiling.tile;

  const Scalar *const w1 = values<Scalar>(c.values.conv1), *const w2 = values<Scalar>(c.values.conv2);
  const Scalar *const w3 = values<Scalar>(c.values.conv3);
  const Panels<Product> conv3(s.columns3(), s.hidden, options, [=](Scalar *panel, int64_t begin, int64_t width) {
    for (int64_t tap = 0; tap < s.output.taps.count; tap++) {
      transpose(
          tap3(w3, s, tap) + begin * s.outputs, s.outputs, width, s.outputs, panel + tap * s.outputs * width, width);
    }
  });
  const Panels<Product> conv2(s.hidden, s.hidden, options, [=](Scalar *panel, int64_t begin, int64_t width) {
    transpose(w2 + begin * s.hidden, s.hidden, width, s.hidden, panel, width);
  });
  const int64_t inputs = s.input.channels;
  const Panels<Product> conv1(s.hidden, s.taps1(), options, [=](Scalar *panel, int64_t begin, int64_t width) {
    for (int64_t column = begin; column < begin + width;) {
      const int64_t first = column % inputs, count = std::min(inputs - first, begin + width - column);
      transpose(w1 + row1(s, column) * s.hidden, s.hidden, count, s.hidden, panel + column - begin, width);
      column += count;
    }
  });
  const auto scale1 = exponential_scales<Scalar>(c.values.norm1_log_scale, c.norm_factor);
  const auto scale2 = exponential_scales<Scalar>(c.values.norm2_log_scale, c.norm_factor);

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

  const PaddedImages<Scalar> grad_pixels(through_output_scale(c, s, sums, output, grad_output), s.output);
  const at::Tensor input_columns = at::empty({s.rows(), s.taps1()}, options);
  Scalar *const grad_taps = input_columns.mutable_data_ptr<Scalar>();
  const Operand *const all1 = const_data<Operand>(hidden1), *const all2 = const_data<Operand>(hidden2);

  const int64_t gradients_size = tile * (s.columns3() + 2 * s.hidden + s.taps1()) + 2 * s.hidden;
  const at::Tensor scratch = at::empty({workers, gradients_size}, options);
  Scalar *const all_scratch = scratch.mutable_data_ptr<Scalar>();
  using Workspace = typename Product::Workspace;
  const int64_t widest = std::max({s.columns3(), s.hidden, s.taps1()}), workspace_size = Workspace::size(tile, widest);
  const at::Tensor workspaces = at::empty({workers, workspace_size}, options.dtype(c10::CppTypeToScalarType<Operand>::value));
  Operand *const all_workspaces = workspaces.mutable_data_ptr<Operand>();

  const at::Tensor grad_input = at::empty(input.sizes(), options);
  const auto finish = [](int64_t, Scalar *) {};
  Lines<Scalar, decltype(finish)> lines(s.tiling, s.input, grad_taps, grad_input.mutable_data_ptr<Scalar>(), finish);
  s.tiling.for_each_tile([&](int64_t worker, int64_t begin, int64_t end) {
    Sums<Scalar> &sum = sums[worker];
    const int64_t count = end - begin;
    Scalar *const g3 = all_scratch + worker * gradients_size, *const g2 = g3 + tile * s.columns3();
    Scalar *const g1 = g2 + tile * s.hidden, *const taps = g1 + tile * s.hidden;
    Scalar *const partial = taps + tile * s.taps1();
    const Workspace workspace(all_workspaces + worker * workspace_size, tile, widest);
    const Rows<const Operand> h1{all1 + begin * s.hidden, count, s.hidden};
    const Rows<const Operand> h2{all2 + begin * s.hidden, count, s.hidden};

    // The gradient of weights, from the rows that they multiplied and the gradients of the products.
    const auto add_products = [&](const Operand *rows, int64_t width, const Scalar *gradient, int64_t columns, Scalar *to,
                                  bool accumulate) {
      if constexpr (Product::rounds) {
        const int64_t padded_count = Product::padded(count);
        const Operand *const transposed = Product::transposed(rows, count, Product::padded(width), workspace);
        const Operand *const right = Product::right(gradient, count, columns, workspace);
        multiply(width, columns, padded_count, transposed, padded_count, right, columns, to, columns, accumulate);
      } else {
        multiply({width, columns, count, rows, width, gradient, columns, to, columns, accumulate}, workspace.transposed);
      }
    };
    const auto through = [&](const Panels<Product> &weights, const Scalar *gradient, int64_t width, Scalar *to,
                             int64_t columns) {
      const Operand *const left = Product::left(gradient, count, width, workspace);
      weights.multiply_into(to, columns, left, count, Product::padded(width));
    };
    // Rows first..<last of the tile; the sums also go to `image`, if there is one.
    const auto through_relu = [&](Scalar *gradient, Rows<const Operand> y, int64_t first, int64_t last,
                                  const std::vector<Scalar> &scale, std::vector<Scalar> &total,
                                  std::vector<Scalar> &total_times_y, Scalar *image) {
      std::fill_n(partial, 2 * s.hidden, Scalar(0));
      const int64_t rows = last - first;
      relu_backward(
          {gradient + first * s.hidden, rows, s.hidden}, {y[first], rows, s.hidden}, scale.data(), partial,
          partial + s.hidden);
      add(total.data(), partial, s.hidden);
      add(total_times_y.data(), partial + s.hidden, s.hidden);
      if (image) add(image, partial, s.hidden);
    };

    gather(grad_pixels, s.output, begin, end, g3);
    add_products(h2.data, s.hidden, g3, s.columns3(), sum.conv3, !sum.empty);
    through(conv3, g3, s.columns3(), g2, s.hidden);
    through_relu(g2, h2, 0, count, scale2, sum.norm2, sum.norm2_times_y, nullptr);

    add_products(h1.data, s.hidden, g2, s.hidden, sum.conv2, worker == 0 || !sum.empty);
    through(conv2, g2, s.hidden, g1, s.hidden);
    if (grad_image_bias.defined()) {
      for (int64_t first = 0; first < count;) {
        const int64_t image = (begin + first) / s.pixels_per_image();
        const int64_t last = std::min(count, (image + 1) * s.pixels_per_image() - begin);
        through_relu(
            g1, h1, first, last, scale1, sum.norm1, sum.norm1_times_y, sum.image_bias.data() + image * s.hidden);
        first = last;
      }
    } else {
      through_relu(g1, h1, 0, count, scale1, sum.norm1, sum.norm1_times_y, nullptr);
    }
    for (int64_t r = 0; s.edge && r < count; r++) {
      const int64_t borders = Borders::of(s.input, begin + r);
      if (borders) add(sum.edges1.data() + borders * s.hidden, g1 + r * s.hidden, s.hidden);
    }

    gather(x, s.input, begin, end, taps);
    const Operand *const rows1 = Product::left(taps, count, s.taps1(), workspace);
    add_products(rows1, s.taps1(), g1, s.hidden, sum.conv1, !sum.empty);
    through(conv1, g1, s.hidden, grad_taps + begin * s.taps1(), s.taps1());
    Product::finish();
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

ct_status ct_conditioner_backward(
    const ct_conditioner *conditioner, const ct_conditioner_tensors *gradients, ct_handle input, ct_handle hidden1,
    ct_handle hidden2, ct_handle output, ct_handle grad_output, ct_handle grad_image_bias, ct_handle *grad_input) {
  return guarded([&] {
    const at::Tensor bias = grad_image_bias.object ? tensor(grad_image_bias) : at::Tensor();
    with_products(*conditioner, tensor(input), [&](auto products) {
      *grad_input = owned(backward<decltype(products)>(
          *conditioner, *gradients, tensor(input), tensor(hidden1), tensor(hidden2), tensor(output),
          tensor(grad_output).contiguous(), bias));
    });
  });
}

}  // extern "C"
