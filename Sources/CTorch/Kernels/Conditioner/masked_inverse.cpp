// The inverse of a masked autoregressive step. A pixel depends on those that its taps see, so pixels are grouped into stages
// that depend on earlier stages alone: a wavefront goes through the image. Hidden values stay where they are once found, so
// that the work is that of one forward pass. Rows are multiplied in blocks of one size, whatever the batch and the stage,
// so that an image comes out the same among any others.
#include "conditioner.h"
#include "shift_scale.h"

using namespace ctorch;

namespace {

constexpr int64_t block = 16;

/// The pixels of an image in the order in which they can be found.
struct Wavefront {
  std::vector<std::vector<int64_t>> stages;

  /// Pixel (y, x) belongs to stage a * y + b * x, for the a and b that give the fewest stages.
  explicit Wavefront(const ConditionerSizes &s) {
    const Taps taps1 = s.input.taps, taps3 = s.output.taps.mirrored();
    const int64_t height = s.input.height, width = s.input.width, most = 2 * Taps::reach + 1;
    int64_t fewest = 0, best_a = 0, best_b = 0;
    for (int64_t a = -most; a <= most; a++) {
      for (int64_t b = -most; b <= most; b++) {
        bool fits = true;
        for (int64_t t = 0; t < taps1.count; t++) fits = fits && a * taps1.dy[t] + b * taps1.dx[t] < 0;
        for (int64_t t = 0; t < taps3.count; t++) fits = fits && a * taps3.dy[t] + b * taps3.dx[t] <= 0;
        const int64_t count = std::abs(a) * (height - 1) + std::abs(b) * (width - 1) + 1;
        if (fits && (fewest == 0 || count < fewest)) {
          fewest = count;
          best_a = a;
          best_b = b;
        }
      }
    }
    TORCH_CHECK(fewest > 0, "the conditioner of a masked step sees later pixels");
    stages.resize(fewest);
    const int64_t first = std::min<int64_t>(0, best_a * (height - 1)) + std::min<int64_t>(0, best_b * (width - 1));
    for (int64_t y = 0; y < height; y++) {
      for (int64_t x = 0; x < width; x++) stages[best_a * y + best_b * x - first].push_back(y * width + x);
    }
  }
};

/// The taps of one pixel of an image, as ``gather`` takes them.
template <class Scalar>
void gather_pixel(const Scalar *image, const Geometry &g, int64_t channels, int64_t pixel, const Taps &taps, Scalar *row) {
  const int64_t y = pixel / g.width, x = pixel % g.width;
  for (int64_t tap = 0; tap < taps.count; tap++) {
    const int64_t py = y + taps.dy[tap], px = x + taps.dx[tap];
    Scalar *const to = row + tap * channels;
    if (py < 0 || py >= g.height || px < 0 || px >= g.width) {
      std::fill_n(to, channels, Scalar(0));
    } else {
      std::copy_n(image + (py * g.width + px) * channels, channels, to);
    }
  }
}

template <class Product>
at::Tensor inverse(const ct_conditioner &c, const ShiftScale &map, const at::Tensor &y, const at::Tensor &image_bias) {
  using Scalar = typename Product::Scalar;
  using Operand = typename Product::Operand;
  const ConditionerSizes s = sizes_of(c, y);
  TORCH_CHECK(map.kept == 0 && !map.is_additive(), "the map of a masked step scales all channels");
  TORCH_CHECK(s.outputs == map.outputs(), "the conditioner of a masked step has ", s.outputs, " outputs, not ", map.outputs());
  if (image_bias.defined()) check_shape("image bias", image_bias, {s.input.batch, s.hidden});
  const Wavefront wavefront(s);
  const Taps taps3 = s.output.taps.mirrored();
  const int64_t channels = map.channels(), pixels = s.pixels_per_image(), columns1 = s.taps1(), columns3 = taps3.count * s.hidden;
  const auto options = y.options();

  const auto weights = [&](const ct_handle &handle, int64_t k, int64_t n, const auto &row) {
    const Scalar *const matrix = values<Scalar>(handle);
    return Panels<Product>(k, n, options, [=](Scalar *panel, int64_t begin, int64_t width) {
      for (int64_t i = 0; i < k; i++) std::copy_n(matrix + row(i) * n + begin, width, panel + i * width);
    });
  };
  const auto conv1 = weights(c.values.conv1, columns1, s.hidden, [&](int64_t i) { return row1(s, i); });
  const auto conv2 = weights(c.values.conv2, s.hidden, s.hidden, [](int64_t i) { return i; });
  const auto conv3 = weights(c.values.conv3, columns3, s.outputs, [&](int64_t i) { return i + i / s.hidden * s.edge; });
  const Scalar *const bias = image_bias.defined() ? const_data<Scalar>(image_bias) : nullptr;
  const auto scale1 = exponential_scales<Scalar>(c.values.norm1_log_scale, c.norm_factor);
  const auto scale2 = exponential_scales<Scalar>(c.values.norm2_log_scale, c.norm_factor);
  const auto scale3 = exponential_scales<Scalar>(c.values.conv3_log_scale, c.output_factor);
  const auto shift1 = shifts(scale1, c.values.norm1_bias, bias, s.input.batch);
  const auto shift2 = shifts(scale2, c.values.norm2_bias, static_cast<const Scalar *>(nullptr), 1);
  auto edges1 = edge_rows(values<Scalar>(c.values.conv1), s.input.taps, s.input.channels, s.hidden, s.edge);
  for (size_t i = 0; i < edges1.size(); i++) edges1[i] *= scale1[i % s.hidden];
  const auto edges3 = edge_rows(values<Scalar>(c.values.conv3), taps3, s.hidden, s.outputs, s.edge);
  const std::vector<Scalar> nothing(s.hidden, 0);

  const at::Tensor x = at::empty(y.sizes(), options);
  const at::Tensor hidden = at::empty({s.rows(), s.hidden}, options.dtype(c10::CppTypeToScalarType<Operand>::value));
  const Scalar *const from = const_data<Scalar>(y);
  Scalar *const to = x.mutable_data_ptr<Scalar>();
  Operand *const all_hidden = hidden.mutable_data_ptr<Operand>();

  parallel_for(s.input.batch, 1, [&](int64_t first_image, int64_t last_image) {
    const int64_t widest = std::max({columns1, columns3, s.hidden});
    std::vector<Scalar> taps(block * columns1), sums(block * s.hidden), outputs(block * s.outputs);
    std::vector<Operand> layer1(block * Product::padded(s.hidden)), layer2(layer1.size()), rows3(block * columns3);
    using Workspace = typename Product::Workspace;
    std::vector<Operand> memory(Workspace::size(block, widest));
    const Workspace workspace(memory.data(), block, widest);
    ShiftScale::Scales<Scalar> scales(map, block);
    const auto activate = [&](Scalar *sum, const auto &scale, const Scalar *shift, const Scalar *edge, Operand *activation) {
      if constexpr (Product::rounds) {
        scale_shift_relu(sum, scale.data(), shift, edge, s.hidden, activation);
      } else {
        scale_shift_relu(sum, scale.data(), shift, edge, s.hidden);
        std::copy_n(sum, s.hidden, activation);
      }
    };
    for (const std::vector<int64_t> &stage : wavefront.stages) {
      const int64_t in_stage = stage.size(), rows = in_stage * (last_image - first_image);
      for (int64_t begin = 0; begin < rows; begin += block) {
        const int64_t count = std::min(block, rows - begin);
        const auto image = [&](int64_t r) { return first_image + (begin + r) / in_stage; };
        const auto pixel = [&](int64_t r) { return stage[(begin + r) % in_stage]; };
        const auto borders = [&](int64_t r) { return s.edge ? Borders::of(s.input, pixel(r)) : 0; };

        for (int64_t r = 0; r < count; r++) {
          gather_pixel(to + image(r) * pixels * channels, s.input, channels, pixel(r), s.input.taps, taps.data() + r * columns1);
        }
        conv1.multiply_into(
            sums.data(), s.hidden, Product::left(taps.data(), block, columns1, workspace), block, Product::padded(columns1));
        for (int64_t r = 0; r < count; r++) {
          activate(
              sums.data() + r * s.hidden, scale1, shift1.data() + (bias ? image(r) : 0) * s.hidden,
              edges1.data() + borders(r) * s.hidden, layer1.data() + r * s.hidden);
        }
        conv2.multiply_into(sums.data(), s.hidden, layer1.data(), block, s.hidden);
        for (int64_t r = 0; r < count; r++) {
          activate(
              sums.data() + r * s.hidden, scale2, shift2.data(), nothing.data(),
              all_hidden + (image(r) * pixels + pixel(r)) * s.hidden);
        }
        for (int64_t r = 0; r < count; r++) {
          gather_pixel(all_hidden + image(r) * pixels * s.hidden, s.input, s.hidden, pixel(r), taps3, rows3.data() + r * columns3);
        }
        conv3.multiply_into(outputs.data(), s.outputs, rows3.data(), block, columns3);
        Product::finish();
        for (int64_t r = 0; r < count; r++) {
          Scalar *const output = outputs.data() + r * s.outputs;
          if (borders(r)) add(output, edges3.data() + borders(r) * s.outputs, s.outputs);
          shift_scale_pixels(output, values<Scalar>(c.values.conv3_bias), scale3.data(), 1, s.outputs);
        }
        scales.find(map, outputs.data(), count);
        for (int64_t r = 0; r < count; r++) {
          const int64_t place = (image(r) * pixels + pixel(r)) * channels;
          map.invert(from + place, outputs.data() + r * s.outputs, scales.scale.data() + r * channels, to + place);
        }
      }
    }
  });
  return x;
}

}  // namespace

extern "C" {

ct_status ct_masked_inverse(
    const ct_conditioner *conditioner, const ct_shift_scale *map, ct_handle y, ct_handle image_bias, ct_handle *x) {
  return guarded([&] {
    const at::Tensor images = tensor(y).contiguous();
    const at::Tensor bias = image_bias.object ? tensor(image_bias).contiguous() : at::Tensor();
    with_products(*conditioner, images, [&](auto products) {
      *x = owned(inverse<decltype(products)>(*conditioner, {*map, images.size(-1)}, images, bias));
    });
  });
}

}  // extern "C"
