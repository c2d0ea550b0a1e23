#include "pixel_map.h"

#include "support.h"

using namespace ctorch;

namespace {

struct Images {
  int64_t batch, pixels;

  Images(const PixelMap &map, const at::Tensor &x, const at::Tensor &output) {
    TORCH_CHECK(x.dim() == 4, "a masked step needs [batch, height, width, channel], got ", x.sizes());
    batch = x.size(0);
    pixels = x.size(1) * x.size(2);
    const auto expected = {batch, x.size(1), x.size(2), map.outputs()};
    TORCH_CHECK(
        output.sizes() == at::IntArrayRef(expected), "a masked step of ", x.sizes(), " needs outputs of shape ",
        at::IntArrayRef(expected), ", got ", output.sizes());
    TORCH_CHECK(output.dtype() == x.dtype(), "a masked step's input and the conditioner's output differ in type");
  }

  /// Calls `body(image, begin, count, scales)` with the pixels of each chunk and their scales.
  template <class Scalar, class Body>
  void for_each_chunk(const PixelMap &map, const Scalar *output, const Body &body) const {
    const int64_t chunk = std::min(pixels, map.chunk()), chunks = (pixels + chunk - 1) / chunk;
    parallel_for(batch, 16384 / (pixels * map.channels) + 1, [&](int64_t first, int64_t last) {
      PixelMap::Scales<Scalar> scales(chunk * map.channels);
      for (int64_t i = first * chunks; i < last * chunks; i++) {
        const int64_t image = i / chunks, offset = i % chunks * chunk, begin = image * pixels + offset;
        const int64_t count = std::min(chunk, pixels - offset);
        scales.find(map, output + begin * map.outputs(), count);
        body(image, begin, count, scales);
      }
    });
  }
};

template <class Scalar>
void forward(const PixelMap &map, const at::Tensor &x, const at::Tensor &output, at::Tensor &y, at::Tensor &log_det) {
  const Images images(map, x, output);
  y = at::empty(x.sizes(), x.options());
  log_det = at::empty({images.batch}, x.options());
  const Scalar *const from = const_data<Scalar>(x), *const out = const_data<Scalar>(output);
  Scalar *const to = y.mutable_data_ptr<Scalar>();
  std::vector<double> sums(images.batch, 0.0);
  images.for_each_chunk(map, out, [&](int64_t image, int64_t begin, int64_t count, const auto &scales) {
    for (int64_t p = 0; p < count; p++) {
      const Scalar *const in = from + (begin + p) * map.channels, *const o = out + (begin + p) * map.outputs();
      Scalar *const result = to + (begin + p) * map.channels;
      for (int64_t c = 0; c < map.channels; c++) {
        result[c] = (in[c] + o[c]) * scales.scale[p * map.channels + c];
      }
    }
    sums[image] += std::accumulate(scales.log_scale.begin(), scales.log_scale.begin() + count * map.channels, 0.0);
  });
  for (int64_t image = 0; image < images.batch; image++) {
    log_det.mutable_data_ptr<Scalar>()[image] = static_cast<Scalar>(sums[image]);
  }
}

template <class Scalar>
void backward(
    const PixelMap &map, const at::Tensor &x, const at::Tensor &output, const at::Tensor &grad_y,
    const at::Tensor &grad_log_det, at::Tensor &grad_x, at::Tensor &grad_output) {
  const Images images(map, x, output);
  TORCH_CHECK(
      grad_y.sizes() == x.sizes() && grad_log_det.numel() == images.batch, "a masked step's gradients do not fit it");
  grad_x = at::empty(x.sizes(), x.options());
  grad_output = at::empty(output.sizes(), output.options());
  const Scalar *const from = const_data<Scalar>(x), *const out = const_data<Scalar>(output);
  const Scalar *const grad = const_data<Scalar>(grad_y), *const log_grad = const_data<Scalar>(grad_log_det);
  Scalar *const to = grad_x.mutable_data_ptr<Scalar>(), *const grad_to = grad_output.mutable_data_ptr<Scalar>();
  const int64_t channels = map.channels;
  images.for_each_chunk(map, out, [&](int64_t image, int64_t begin, int64_t count, const auto &scales) {
    for (int64_t p = 0; p < count; p++) {
      const Scalar *const in = from + (begin + p) * channels, *const g = grad + (begin + p) * channels;
      const Scalar *const o = out + (begin + p) * map.outputs(), *const scale = scales.scale.data() + p * channels;
      const Scalar *const slope = scales.slope.data() + p * channels;
      Scalar *const result = to + (begin + p) * channels, *const grad_shift = grad_to + (begin + p) * map.outputs();
      for (int64_t c = 0; c < channels; c++) {
        const Scalar y = (in[c] + o[c]) * scale[c];
        grad_shift[c] = g[c] * scale[c];
        grad_shift[channels + c] = (g[c] * y + log_grad[image]) * slope[c];
        result[c] = grad_shift[c];
      }
    }
  });
}

}  // namespace

extern "C" {

ct_status ct_pixel_map_forward(
    const ct_coupling *map, ct_handle x, ct_handle output, ct_handle *y, ct_handle *log_det) {
  return guarded([&] {
    at::Tensor result, sums;
    AT_DISPATCH_FLOATING_TYPES(tensor(x).scalar_type(), "pixel_map", [&] {
      forward<scalar_t>(
          {*map, tensor(x).size(-1)}, tensor(x).contiguous(), tensor(output).contiguous(), result, sums);
    });
    *y = owned(std::move(result));
    *log_det = owned(std::move(sums));
  });
}

ct_status ct_pixel_map_backward(
    const ct_coupling *map, ct_handle x, ct_handle output, ct_handle grad_y, ct_handle grad_log_det, ct_handle *grad_x,
    ct_handle *grad_output) {
  return guarded([&] {
    at::Tensor gradient, through;
    AT_DISPATCH_FLOATING_TYPES(tensor(x).scalar_type(), "pixel_map", [&] {
      backward<scalar_t>(
          {*map, tensor(x).size(-1)}, tensor(x).contiguous(), tensor(output).contiguous(), tensor(grad_y).contiguous(),
          tensor(grad_log_det).contiguous(), gradient, through);
    });
    *grad_x = owned(std::move(gradient));
    *grad_output = owned(std::move(through));
  });
}

}  // extern "C"
