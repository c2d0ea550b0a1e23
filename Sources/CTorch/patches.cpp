// 3x3 neighbourhoods as rows of a matrix, and the adjoint: what turns a convolution on channels-last images into a
// matrix product (and a product into a convolution).
//
// patches: [N, H, W, C] -> [N*H*W, 9*(C+e)], row (n, y, x), column (dy, dx, c), value input[n, y+dy-1, x+dx-1, c], zero
// outside. With e = 1 each tap has a further column, the edge channel: 1 outside the image and 0 inside.
// adjoint: [N*H*W, 9*(C+e)] -> [N, H, W, C], the transpose of that linear map.
#include <c10/core/GradMode.h>

#include "parallel.h"
#include "support.h"

using namespace ctorch;

namespace {

struct Geometry {
  int64_t batch, height, width, channels, edge;
  int64_t tap() const { return channels + edge; }
  int64_t columns() const { return 9 * tap(); }
  int64_t rows() const { return batch * height * width; }
  /// Image rows that are worth a thread of their own.
  int64_t grain() const { return 32768 / (width * columns()) + 1; }
};

template <class Scalar>
void gather(const Scalar *input, int64_t pixel_stride, Scalar *rows, const Geometry &g) {
  parallel_for(g.batch * g.height, g.grain(), [&](int64_t begin, int64_t end) {
    for (int64_t line = begin; line < end; line++) {
      const int64_t y = line % g.height;
      Scalar *row = rows + line * g.width * g.columns();
      for (int64_t x = 0; x < g.width; x++) {
        for (int64_t dy = -1; dy <= 1; dy++) {
          for (int64_t dx = -1; dx <= 1; dx++, row += g.tap()) {
            const bool inside = y + dy >= 0 && y + dy < g.height && x + dx >= 0 && x + dx < g.width;
            if (inside) {
              const Scalar *pixel = input + ((line + dy) * g.width + x + dx) * pixel_stride;
              for (int64_t c = 0; c < g.channels; c++) row[c] = pixel[c];
            } else {
              for (int64_t c = 0; c < g.channels; c++) row[c] = 0;
            }
            if (g.edge) row[g.channels] = inside ? 0 : 1;
          }
        }
      }
    }
  });
}

template <class Scalar>
void scatter(const Scalar *rows, Scalar *output, const Geometry &g) {
  parallel_for(g.batch * g.height, g.grain(), [&](int64_t begin, int64_t end) {
    for (int64_t line = begin; line < end; line++) {
      const int64_t y = line % g.height;
      for (int64_t x = 0; x < g.width; x++) {
        Scalar *pixel = output + (line * g.width + x) * g.channels;
        for (int64_t c = 0; c < g.channels; c++) pixel[c] = 0;
        for (int64_t dy = -1; dy <= 1; dy++) {
          if (y - dy < 0 || y - dy >= g.height) continue;
          for (int64_t dx = -1; dx <= 1; dx++) {
            if (x - dx < 0 || x - dx >= g.width) continue;
            const int64_t row = (line - dy) * g.width + x - dx, tap = 3 * (dy + 1) + dx + 1;
            const Scalar *value = rows + row * g.columns() + tap * g.tap();
            for (int64_t c = 0; c < g.channels; c++) pixel[c] += value[c];
          }
        }
      }
    }
  });
}

bool has_kernel(const at::Tensor &t) {
  return t.is_cpu() && (t.scalar_type() == at::kFloat || t.scalar_type() == at::kDouble) &&
      !(c10::GradMode::is_enabled() && t.requires_grad());
}

at::Tensor padded_view(const at::Tensor &padded, const Geometry &g, int64_t dy, int64_t dx) {
  return padded.narrow(1, dy, g.height).narrow(2, dx, g.width);
}

at::Tensor patches(const at::Tensor &input, bool edge_channel) {
  TORCH_CHECK(input.dim() == 4, "patches need [batch, height, width, channel], got ", input.sizes());
  const Geometry g{input.size(0), input.size(1), input.size(2), input.size(3), edge_channel ? 1 : 0};
  const int64_t stride = input.stride(2);
  const bool rows_of_pixels = (g.channels == 1 || input.stride(3) == 1) &&
      input.stride(1) == g.width * stride && input.stride(0) == g.height * g.width * stride;
  if (has_kernel(input)) {
    const at::Tensor source = rows_of_pixels ? input : input.contiguous();
    const int64_t pixel_stride = rows_of_pixels ? stride : g.channels;
    at::Tensor rows = at::empty({g.rows(), g.columns()}, input.options());
    AT_DISPATCH_FLOATING_TYPES(input.scalar_type(), "patches3x3", [&] {
      gather(source.const_data_ptr<scalar_t>(), pixel_stride, rows.mutable_data_ptr<scalar_t>(), g);
    });
    return rows;
  }
  at::Tensor padded = at::constant_pad_nd(input, {0, 0, 1, 1, 1, 1});
  if (edge_channel) {
    at::Tensor inside = at::zeros({g.batch, g.height, g.width, 1}, input.options());
    padded = at::cat({padded, at::constant_pad_nd(inside, {0, 0, 1, 1, 1, 1}, 1)}, 3);
  }
  std::vector<at::Tensor> taps;
  for (int64_t tap = 0; tap < 9; tap++) taps.push_back(padded_view(padded, g, tap / 3, tap % 3));
  return at::cat(taps, 3).reshape({g.rows(), g.columns()});
}

at::Tensor patches_adjoint(const at::Tensor &rows, const Geometry &g) {
  TORCH_CHECK(
      rows.dim() == 2 && rows.size(0) == g.rows() && rows.size(1) == g.columns(), "patches of [", g.batch, ", ",
      g.height, ", ", g.width, ", ", g.channels, "] are [", g.rows(), ", ", g.columns(), "], got ", rows.sizes());
  if (has_kernel(rows)) {
    const at::Tensor source = rows.contiguous();
    at::Tensor output = at::empty({g.batch, g.height, g.width, g.channels}, rows.options());
    AT_DISPATCH_FLOATING_TYPES(rows.scalar_type(), "patches3x3_adjoint", [&] {
      scatter(source.const_data_ptr<scalar_t>(), output.mutable_data_ptr<scalar_t>(), g);
    });
    return output;
  }
  const at::Tensor taps = rows.reshape({g.batch, g.height, g.width, 9, g.tap()}).narrow(4, 0, g.channels);
  at::Tensor padded = at::zeros({g.batch, g.height + 2, g.width + 2, g.channels}, rows.options());
  for (int64_t tap = 0; tap < 9; tap++) padded_view(padded, g, tap / 3, tap % 3).add_(taps.select(3, tap));
  return padded.narrow(1, 1, g.height).narrow(2, 1, g.width).contiguous();
}

}  // namespace

extern "C" {

ct_status ct_patches3x3(ct_handle input, bool edge_channel, ct_handle *result) {
  return guarded([&] { *result = owned(patches(tensor(input), edge_channel)); });
}

ct_status ct_patches3x3_adjoint(
    ct_handle rows, int64_t batch, int64_t height, int64_t width, int64_t channels, bool edge_channel,
    ct_handle *result) {
  return guarded([&] {
    *result = owned(patches_adjoint(tensor(rows), {batch, height, width, channels, edge_channel ? 1 : 0}));
  });
}

}  // extern "C"
