// The elementwise map of a coupling layer on the CPU: y2 = (x2 + shift) * s(raw) on the second half of the channels, with
// shift and raw from the conditioner's output, [..., 2 * half]; an additive coupling has shifts alone, [..., half].
#include <numeric>
#include <vector>

#include "parallel.h"
#include "scales.h"
#include "support.h"

using namespace ctorch;

namespace {

struct CouplingSizes {
  int64_t batch, pixels, half, outputs;  // pixels of an image, outputs of the conditioner

  CouplingSizes(const ct_coupling &c, const at::Tensor &x, const at::Tensor &output) {
    TORCH_CHECK(
        x.dim() == 4 && x.size(3) % 2 == 0, "a coupling needs [batch, height, width, even channels], got ", x.sizes());
    batch = x.size(0);
    pixels = x.size(1) * x.size(2);
    half = x.size(3) / 2;
    outputs = c.scale == CT_SCALE_NONE ? half : 2 * half;
    const auto expected = {batch, x.size(1), x.size(2), outputs};
    TORCH_CHECK(
        output.sizes() == at::IntArrayRef(expected), "a coupling of ", x.sizes(), " needs outputs of shape ",
        at::IntArrayRef(expected), ", got ", output.sizes());
    TORCH_CHECK(output.dtype() == x.dtype(), "a coupling's input and the conditioner's output differ in type");
  }

  /// Pixels that are treated together, so that what is found for them stays in the cache.
  int64_t chunk() const { return std::min(pixels, 1024 / half + 1); }
  int64_t chunks_per_image() const { return (pixels + chunk() - 1) / chunk(); }

  /// Calls `body(chunk, begin, count, map)` with the pixels of each chunk, and their map in a workspace.
  template <class Scalar, class Body>
  void for_each_chunk(const ct_coupling &c, const Scalar *output, const Body &body) const {
    const int64_t grain = 16384 / (chunk() * half) + 1;
    parallel_for(batch * chunks_per_image(), grain, [&](int64_t first, int64_t last) {
      std::vector<Scalar> workspace(4 * chunk() * half);
      for (int64_t i = first; i < last; i++) {
        const int64_t offset = i % chunks_per_image() * chunk(), begin = i / chunks_per_image() * pixels + offset;
        const int64_t count = std::min(chunk(), pixels - offset);
        Scalar *const raw = workspace.data(), *const scale = raw + chunk() * half, *const log_scale = scale + chunk() * half;
        if (c.scale != CT_SCALE_NONE) {
          for (int64_t p = 0; p < count; p++) {
            std::copy_n(output + (begin + p) * outputs + half, half, raw + p * half);
          }
          affine_scales(c.scale, c.minimum, raw, count * half, scale, log_scale, log_scale + chunk() * half);
        }
        body(i, begin, count, scale, log_scale, log_scale + chunk() * half);
      }
    });
  }
};

template <class Scalar>
void forward(const ct_coupling &c, const at::Tensor &x, const at::Tensor &output, at::Tensor &y, at::Tensor &log_det) {
  const CouplingSizes s(c, x, output);
  y = at::empty(x.sizes(), x.options());
  log_det = at::zeros({s.batch}, x.options());
  const Scalar *const from = const_data<Scalar>(x), *const out = const_data<Scalar>(output);
  Scalar *const to = y.mutable_data_ptr<Scalar>();
  std::vector<double> sums(s.batch * s.chunks_per_image(), 0.0);
  const auto map = [&](int64_t chunk, int64_t begin, int64_t count, const Scalar *scale, const Scalar *log, auto...) {
    for (int64_t p = 0; p < count; p++) {
      const Scalar *in = from + (begin + p) * 2 * s.half, *shift = out + (begin + p) * s.outputs;
      Scalar *result = to + (begin + p) * 2 * s.half;
      for (int64_t j = 0; j < s.half; j++) result[j] = in[j];
      if (c.scale == CT_SCALE_NONE) {
        for (int64_t j = 0; j < s.half; j++) result[s.half + j] = in[s.half + j] + shift[j];
      } else {
        for (int64_t j = 0; j < s.half; j++) result[s.half + j] = (in[s.half + j] + shift[j]) * scale[p * s.half + j];
      }
    }
    if (c.scale != CT_SCALE_NONE) sums[chunk] = std::accumulate(log, log + count * s.half, 0.0);
  };
  s.for_each_chunk(c, out, map);
  for (size_t chunk = 0; chunk < sums.size(); chunk++) {
    log_det.mutable_data_ptr<Scalar>()[chunk / s.chunks_per_image()] += static_cast<Scalar>(sums[chunk]);
  }
}

template <class Scalar>
at::Tensor inverse(const ct_coupling &c, const at::Tensor &y, const at::Tensor &output) {
  const CouplingSizes s(c, y, output);
  const at::Tensor x = at::empty(y.sizes(), y.options());
  const Scalar *const from = const_data<Scalar>(y), *const out = const_data<Scalar>(output);
  Scalar *const to = x.mutable_data_ptr<Scalar>();
  s.for_each_chunk(c, out, [&](int64_t, int64_t begin, int64_t count, const Scalar *scale, auto...) {
    for (int64_t p = 0; p < count; p++) {
      const Scalar *in = from + (begin + p) * 2 * s.half, *shift = out + (begin + p) * s.outputs;
      Scalar *result = to + (begin + p) * 2 * s.half;
      for (int64_t j = 0; j < s.half; j++) result[j] = in[j];
      if (c.scale == CT_SCALE_NONE) {
        for (int64_t j = 0; j < s.half; j++) result[s.half + j] = in[s.half + j] - shift[j];
      } else {
        for (int64_t j = 0; j < s.half; j++) result[s.half + j] = in[s.half + j] / scale[p * s.half + j] - shift[j];
      }
    }
  });
  return x;
}

template <class Scalar>
void backward(
    const ct_coupling &c, const at::Tensor &y, const at::Tensor &output, const at::Tensor &grad_y,
    const at::Tensor &grad_log_det, at::Tensor &x, at::Tensor &grad_output) {
  const CouplingSizes s(c, y, output);
  TORCH_CHECK(grad_y.sizes() == y.sizes() && grad_log_det.numel() == s.batch, "a coupling's gradients do not fit it");
  x = at::empty(y.sizes(), y.options());
  grad_output = at::empty(output.sizes(), output.options());
  const Scalar *const from = const_data<Scalar>(y), *const out = const_data<Scalar>(output);
  const Scalar *const grad = const_data<Scalar>(grad_y), *const log_grad = const_data<Scalar>(grad_log_det);
  Scalar *const to = x.mutable_data_ptr<Scalar>(), *const grad_to = grad_output.mutable_data_ptr<Scalar>();
  s.for_each_chunk(
      c, out,
      [&](int64_t chunk, int64_t begin, int64_t count, const Scalar *scale, const Scalar *, const Scalar *slope) {
        const Scalar from_log_det = log_grad[chunk / s.chunks_per_image()];
        for (int64_t p = 0; p < count; p++) {
          const Scalar *in = from + (begin + p) * 2 * s.half, *g = grad + (begin + p) * 2 * s.half + s.half;
          const Scalar *shift = out + (begin + p) * s.outputs;
          Scalar *result = to + (begin + p) * 2 * s.half, *grad_shift = grad_to + (begin + p) * s.outputs;
          for (int64_t j = 0; j < s.half; j++) result[j] = in[j];
          if (c.scale == CT_SCALE_NONE) {
            for (int64_t j = 0; j < s.half; j++) {
              result[s.half + j] = in[s.half + j] - shift[j];
              grad_shift[j] = g[j];
            }
            continue;
          }
          const Scalar *factor = scale + p * s.half, *derivative = slope + p * s.half;
          for (int64_t j = 0; j < s.half; j++) {
            result[s.half + j] = in[s.half + j] / factor[j] - shift[j];
            grad_shift[j] = g[j] * factor[j];
            grad_shift[s.half + j] = (g[j] * in[s.half + j] + from_log_det) * derivative[j];
          }
        }
      });
}

template <class Scalar>
at::Tensor join(const at::Tensor &grad_y, const at::Tensor &grad_kept, const at::Tensor &grad_output) {
  const int64_t half = grad_kept.size(3), outputs = grad_output.size(3), count = grad_kept.numel() / half;
  TORCH_CHECK(
      grad_y.size(3) == 2 * half && grad_y.numel() == 2 * half * count && grad_output.numel() == outputs * count,
      "a coupling's gradients do not fit together");
  const at::Tensor result = at::empty(grad_y.sizes(), grad_y.options());
  const Scalar *const direct = const_data<Scalar>(grad_y), *const through = const_data<Scalar>(grad_kept);
  const Scalar *const shifts = const_data<Scalar>(grad_output);
  Scalar *const to = result.mutable_data_ptr<Scalar>();
  parallel_for(count, 16384 / half + 1, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; p++) {
      for (int64_t j = 0; j < half; j++) {
        to[p * 2 * half + j] = direct[p * 2 * half + j] + through[p * half + j];
        to[p * 2 * half + half + j] = shifts[p * outputs + j];
      }
    }
  });
  return result;
}

}  // namespace

extern "C" {

ct_status ct_coupling_forward(
    const ct_coupling *coupling, ct_handle x, ct_handle output, ct_handle *y, ct_handle *log_det) {
  return guarded([&] {
    at::Tensor result, sums;
    AT_DISPATCH_FLOATING_TYPES(tensor(x).scalar_type(), "coupling", [&] {
      forward<scalar_t>(*coupling, tensor(x).contiguous(), tensor(output).contiguous(), result, sums);
    });
    *y = owned(std::move(result));
    *log_det = owned(std::move(sums));
  });
}

ct_status ct_coupling_inverse(const ct_coupling *coupling, ct_handle y, ct_handle output, ct_handle *x) {
  return guarded([&] {
    AT_DISPATCH_FLOATING_TYPES(tensor(y).scalar_type(), "coupling", [&] {
      *x = owned(inverse<scalar_t>(*coupling, tensor(y).contiguous(), tensor(output).contiguous()));
    });
  });
}

ct_status ct_coupling_backward(
    const ct_coupling *coupling, ct_handle y, ct_handle output, ct_handle grad_y, ct_handle grad_log_det, ct_handle *x,
    ct_handle *grad_output) {
  return guarded([&] {
    at::Tensor rebuilt, gradient;
    AT_DISPATCH_FLOATING_TYPES(tensor(y).scalar_type(), "coupling", [&] {
      backward<scalar_t>(
          *coupling, tensor(y).contiguous(), tensor(output).contiguous(), tensor(grad_y).contiguous(),
          tensor(grad_log_det).contiguous(), rebuilt, gradient);
    });
    *x = owned(std::move(rebuilt));
    *grad_output = owned(std::move(gradient));
  });
}

ct_status ct_coupling_join(ct_handle grad_y, ct_handle grad_kept, ct_handle grad_output, ct_handle *grad_x) {
  return guarded([&] {
    AT_DISPATCH_FLOATING_TYPES(tensor(grad_y).scalar_type(), "coupling", [&] {
      *grad_x = owned(join<scalar_t>(
          tensor(grad_y).contiguous(), tensor(grad_kept).contiguous(), tensor(grad_output).contiguous()));
    });
  });
}

}  // extern "C"
