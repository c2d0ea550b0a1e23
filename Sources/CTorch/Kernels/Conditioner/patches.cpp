#include "patches.h"
#include "support.h"

using namespace ctorch;

namespace {

at::Tensor padded_view(const at::Tensor &padded, const Geometry &g, int64_t dy, int64_t dx) {
  return padded.narrow(1, dy, g.height).narrow(2, dx, g.width);
}

at::Tensor patches(const at::Tensor &input, bool edge_channel) {
  TORCH_CHECK(input.dim() == 4, "patches need [batch, height, width, channel], got ", input.sizes());
  const Geometry g{input.size(0), input.size(1), input.size(2), input.size(3), edge_channel ? 1 : 0};
  if (kernels_run(input)) {
    at::Tensor rows = at::empty({g.rows(), g.columns()}, input.options());
    AT_DISPATCH_FLOATING_TYPES(input.scalar_type(), "patches3x3", [&] {
      const PaddedImages<scalar_t> source(input, g);
      scalar_t *first = rows.mutable_data_ptr<scalar_t>();
      parallel_for(g.batch * g.height, g.grain(), [&](int64_t begin, int64_t end) {
        gather(source, g, begin * g.width, end * g.width, first + begin * g.width * g.columns());
      });
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
  if (kernels_run(rows)) {
    const at::Tensor source = rows.contiguous();
    at::Tensor output = at::empty({g.batch, g.height, g.width, g.channels}, rows.options());
    AT_DISPATCH_FLOATING_TYPES(rows.scalar_type(), "patches3x3_adjoint", [&] {
      const scalar_t *columns = const_data<scalar_t>(source);
      scalar_t *pixels = output.mutable_data_ptr<scalar_t>();
      parallel_for(g.batch * g.height, g.grain(), [&](int64_t begin, int64_t end) {
        for (int64_t line = begin; line < end; line++) {
          scatter_line(columns, g, line, pixels + line * g.width * g.channels);
        }
      });
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
