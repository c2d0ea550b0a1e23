#include "shift_scale.h"

#include <numeric>

#include "support.h"

using namespace ctorch;

namespace {

/// The map of a batch of images on the CPU, chunk after chunk of pixels.
struct MappedImages {
  ShiftScale map;
  int64_t batch, pixels;  // pixels of an image

  MappedImages(const ct_shift_scale &m, const at::Tensor &x, const at::Tensor &output) : map(m, x.size(-1)) {
    TORCH_CHECK(x.dim() == 4, "a map of images needs [batch, height, width, channel], got ", x.sizes());
    batch = x.size(0);
    pixels = x.size(1) * x.size(2);
    const auto expected = {batch, x.size(1), x.size(2), map.outputs()};
    TORCH_CHECK(
        output.sizes() == at::IntArrayRef(expected), "a map of ", x.sizes(), " that keeps ", map.kept,
        " channels needs outputs of shape ", at::IntArrayRef(expected), ", got ", output.sizes());
    TORCH_CHECK(output.dtype() == x.dtype(), "a map's input and the conditioner's output differ in type");
  }

  int64_t chunk() const { return std::min(pixels, map.chunk()); }
  int64_t chunks_per_image() const { return (pixels + chunk() - 1) / chunk(); }

  /// Calls `body(chunk, begin, count, scales)` with the pixels of each chunk and their scales.
  template <class Scalar, class Body>
  void for_each_chunk(const Scalar *output, const Body &body) const {
    const int64_t grain = 16384 / (chunk() * map.moved) + 1;
    parallel_for(batch * chunks_per_image(), grain, [&](int64_t first, int64_t last) {
      ShiftScale::Scales<Scalar> scales(map, chunk());
      for (int64_t i = first; i < last; i++) {
        const int64_t offset = i % chunks_per_image() * chunk(), begin = i / chunks_per_image() * pixels + offset;
        const int64_t count = std::min(chunk(), pixels - offset);
        scales.find(map, output + begin * map.outputs(), count);
        body(i, begin, count, scales);
      }
    });
  }
};

template <class Scalar>
void forward(
    const ct_shift_scale &m, const at::Tensor &x, const at::Tensor &output, at::Tensor &y, at::Tensor &log_det) {
  const MappedImages images(m, x, output);
  const ShiftScale map = images.map;
  y = at::empty(x.sizes(), x.options());
  log_det = at::zeros({images.batch}, x.options());
  const Scalar *const from = const_data<Scalar>(x), *const out = const_data<Scalar>(output);
  Scalar *const to = y.mutable_data_ptr<Scalar>();
  std::vector<double> sums(images.batch * images.chunks_per_image(), 0.0);
  images.for_each_chunk(out, [&](int64_t chunk, int64_t begin, int64_t count, const auto &scales) {
    for (int64_t p = 0; p < count; p++) {
      const int64_t place = (begin + p) * map.channels();
      map.apply(from + place, out + (begin + p) * map.outputs(), scales.scale.data() + p * map.moved, to + place);
    }
    if (map.is_additive()) return;
    sums[chunk] = std::accumulate(scales.log_scale.begin(), scales.log_scale.begin() + count * map.moved, 0.0);
  });
  for (size_t chunk = 0; chunk < sums.size(); chunk++) {
    log_det.mutable_data_ptr<Scalar>()[chunk / images.chunks_per_image()] += static_cast<Scalar>(sums[chunk]);
  }
}

template <class Scalar>
at::Tensor inverse(const ct_shift_scale &m, const at::Tensor &y, const at::Tensor &output) {
  const MappedImages images(m, y, output);
  const ShiftScale map = images.map;
  const at::Tensor x = at::empty(y.sizes(), y.options());
  const Scalar *const from = const_data<Scalar>(y), *const out = const_data<Scalar>(output);
  Scalar *const to = x.mutable_data_ptr<Scalar>();
  images.for_each_chunk(out, [&](int64_t, int64_t begin, int64_t count, const auto &scales) {
    for (int64_t p = 0; p < count; p++) {
      const int64_t place = (begin + p) * map.channels();
      map.invert(from + place, out + (begin + p) * map.outputs(), scales.scale.data() + p * map.moved, to + place);
    }
  });
  return x;
}

/// What the backward pass is given.
enum class Given { output, input };

/// - Parameters:
///   - image: the map's output, or its input.
///   - found: becomes the input where the output is given. Where the input is, the gradient with respect to it, as far as it
///     does not go through the conditioner.
template <class Scalar, Given given>
void backward(
    const ct_shift_scale &m, const at::Tensor &image, const at::Tensor &output, const at::Tensor &grad_y,
    const at::Tensor &grad_log_det, at::Tensor &found, at::Tensor &grad_output) {
  const MappedImages images(m, image, output);
  const ShiftScale map = images.map;
  TORCH_CHECK(
      grad_y.sizes() == image.sizes() && grad_log_det.numel() == images.batch, "a map's gradients do not fit it");
  found = at::empty(image.sizes(), image.options());
  grad_output = at::empty(output.sizes(), output.options());
  const Scalar *const from = const_data<Scalar>(image), *const out = const_data<Scalar>(output);
  const Scalar *const grad = const_data<Scalar>(grad_y), *const log_grad = const_data<Scalar>(grad_log_det);
  Scalar *const to = found.mutable_data_ptr<Scalar>(), *const grad_to = grad_output.mutable_data_ptr<Scalar>();
  images.for_each_chunk(out, [&](int64_t chunk, int64_t begin, int64_t count, const auto &scales) {
    const Scalar from_log_det = log_grad[chunk / images.chunks_per_image()];
    for (int64_t p = 0; p < count; p++) {
      const int64_t place = (begin + p) * map.channels();
      const Scalar *const shift = out + (begin + p) * map.outputs(), *const g = grad + place + map.kept;
      const Scalar *const scale = scales.scale.data() + p * map.moved, *const slope = scales.slope.data() + p * map.moved;
      Scalar *const grad_shift = grad_to + (begin + p) * map.outputs(), *const grad_raw = grad_shift + map.moved;
      const Scalar *const moved = from + place + map.kept;
      Scalar *const result = to + place + map.kept;
      if constexpr (given == Given::output) {
        map.invert(from + place, shift, scale, to + place);
      } else {
        for (int64_t c = 0; c < map.kept; c++) to[place + c] = grad[place + c];
      }
      if (map.is_additive()) {
        for (int64_t c = 0; c < map.moved; c++) {
          grad_shift[c] = g[c];
          if (given == Given::input) result[c] = g[c];
        }
        continue;
      }
      for (int64_t c = 0; c < map.moved; c++) {
        const Scalar y = given == Given::output ? moved[c] : (moved[c] + shift[c]) * scale[c];
        const Scalar scaled = g[c] * scale[c];
        if (given == Given::input) result[c] = scaled;
        grad_shift[c] = scaled;
        grad_raw[c] = (g[c] * y + from_log_det) * slope[c];
      }
    }
  });
}

template <class Scalar>
at::Tensor join(
    const ct_shift_scale &m, const at::Tensor &grad_y, const at::Tensor &grad_kept, const at::Tensor &grad_output) {
  const MappedImages images(m, grad_y, grad_output);
  const ShiftScale map = images.map;
  const int64_t count = images.batch * images.pixels;
  TORCH_CHECK(
      grad_kept.size(-1) == map.kept && grad_kept.numel() == map.kept * count, "a map's gradients do not fit together");
  const at::Tensor result = at::empty(grad_y.sizes(), grad_y.options());
  const Scalar *const direct = const_data<Scalar>(grad_y), *const through = const_data<Scalar>(grad_kept);
  const Scalar *const shifts = const_data<Scalar>(grad_output);
  Scalar *const to = result.mutable_data_ptr<Scalar>();
  parallel_for(count, 16384 / map.moved + 1, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; p++) {
      const Scalar *const own = direct + p * map.channels(), *const conditioner = through + p * map.kept;
      const Scalar *const shift = shifts + p * map.outputs();
      Scalar *const row = to + p * map.channels();
      for (int64_t c = 0; c < map.kept; c++) row[c] = own[c] + conditioner[c];
      for (int64_t c = 0; c < map.moved; c++) row[map.kept + c] = shift[c];
    }
  });
  return result;
}

}  // namespace

extern "C" {

ct_status ct_shift_scale_forward(
    const ct_shift_scale *map, ct_handle x, ct_handle output, ct_handle *y, ct_handle *log_det) {
  return guarded([&] {
    at::Tensor result, sums;
    AT_DISPATCH_FLOATING_TYPES(tensor(x).scalar_type(), "shift_scale", [&] {
      forward<scalar_t>(*map, tensor(x).contiguous(), tensor(output).contiguous(), result, sums);
    });
    *y = owned(std::move(result));
    *log_det = owned(std::move(sums));
  });
}

ct_status ct_shift_scale_inverse(const ct_shift_scale *map, ct_handle y, ct_handle output, ct_handle *x) {
  return guarded([&] {
    AT_DISPATCH_FLOATING_TYPES(tensor(y).scalar_type(), "shift_scale", [&] {
      *x = owned(inverse<scalar_t>(*map, tensor(y).contiguous(), tensor(output).contiguous()));
    });
  });
}

ct_status ct_shift_scale_backward(
    const ct_shift_scale *map, ct_handle y, ct_handle output, ct_handle grad_y, ct_handle grad_log_det, ct_handle *x,
    ct_handle *grad_output) {
  return guarded([&] {
    at::Tensor rebuilt, gradient;
    AT_DISPATCH_FLOATING_TYPES(tensor(y).scalar_type(), "shift_scale", [&] {
      backward<scalar_t, Given::output>(
          *map, tensor(y).contiguous(), tensor(output).contiguous(), tensor(grad_y).contiguous(),
          tensor(grad_log_det).contiguous(), rebuilt, gradient);
    });
    *x = owned(std::move(rebuilt));
    *grad_output = owned(std::move(gradient));
  });
}

ct_status ct_shift_scale_backward_of_input(
    const ct_shift_scale *map, ct_handle x, ct_handle output, ct_handle grad_y, ct_handle grad_log_det,
    ct_handle *grad_x, ct_handle *grad_output) {
  return guarded([&] {
    at::Tensor direct, gradient;
    AT_DISPATCH_FLOATING_TYPES(tensor(x).scalar_type(), "shift_scale", [&] {
      backward<scalar_t, Given::input>(
          *map, tensor(x).contiguous(), tensor(output).contiguous(), tensor(grad_y).contiguous(),
          tensor(grad_log_det).contiguous(), direct, gradient);
    });
    *grad_x = owned(std::move(direct));
    *grad_output = owned(std::move(gradient));
  });
}

ct_status ct_shift_scale_join(
    const ct_shift_scale *map, ct_handle grad_y, ct_handle grad_kept, ct_handle grad_output, ct_handle *grad_x) {
  return guarded([&] {
    AT_DISPATCH_FLOATING_TYPES(tensor(grad_y).scalar_type(), "shift_scale", [&] {
      *grad_x = owned(join<scalar_t>(
          *map, tensor(grad_y).contiguous(), tensor(grad_kept).contiguous(), tensor(grad_output).contiguous()));
    });
  });
}

}  // extern "C"
