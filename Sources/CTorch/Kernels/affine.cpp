// One affine map for every pixel, y = x · matrix + offset, on the CPU, for matrices of a few channels: libtorch's product
// is made for larger ones.
#include <vector>

#include "products.h"
#include "support.h"

using namespace ctorch;

namespace {

constexpr int64_t tile = 256;

template <class Scalar>
at::Tensor forward(const at::Tensor &x, const at::Tensor &matrix, const at::Tensor &offset) {
  const int64_t in = matrix.size(0), out = matrix.size(1), rows = x.size(0);
  const at::Tensor y = at::empty({rows, out}, x.options());
  const Scalar *const from = const_data<Scalar>(x), *const m = const_data<Scalar>(matrix);
  const Scalar *const c = const_data<Scalar>(offset);
  Scalar *const to = y.mutable_data_ptr<Scalar>();
  parallel_for((rows + tile - 1) / tile, 1 + 65536 / (tile * in), [&](int64_t first, int64_t last) {
    for (int64_t t = first * tile; t < std::min(rows, last * tile); t += tile) {
      const int64_t count = std::min(tile, rows - t);
      for (int64_t r = t; r < t + count; r++) std::copy_n(c, out, to + r * out);
      multiply(count, out, in, from + t * in, in, m, out, to + t * out, out, true);
    }
  });
  return y;
}

/// The gradients of input, matrix and offset.
template <class Scalar>
std::tuple<at::Tensor, at::Tensor, at::Tensor> backward(
    const at::Tensor &x, const at::Tensor &grad_y, const at::Tensor &transposed) {
  const int64_t out = transposed.size(0), in = transposed.size(1), rows = x.size(0);
  const at::Tensor grad_x = at::empty({rows, in}, x.options()), grad_matrix = at::zeros({in, out}, x.options());
  const at::Tensor grad_offset = at::zeros({out}, x.options());
  const Scalar *const values = const_data<Scalar>(x), *const grad = const_data<Scalar>(grad_y);
  const Scalar *const m = const_data<Scalar>(transposed);
  Scalar *const to = grad_x.mutable_data_ptr<Scalar>();

  // The sums of a chunk of tiles are rounded on their own, then added up: errors grow less than in one long sum.
  const int64_t tiles = (rows + tile - 1) / tile, chunks = (tiles + 7) / 8, size = (in + 1) * out;
  const at::Tensor sums = at::zeros({chunks, size}, x.options());
  Scalar *const all = sums.mutable_data_ptr<Scalar>();
  parallel_for(chunks, 1, [&](int64_t first, int64_t last) {
    std::vector<Scalar> tile_transposed(tile * in);
    for (int64_t chunk = first; chunk < last; chunk++) {
      Scalar *const matrix_sum = all + chunk * size, *const offset_sum = matrix_sum + in * out;
      for (int64_t t = chunk * 8 * tile; t < std::min(rows, (chunk + 1) * 8 * tile); t += tile) {
        const int64_t count = std::min(tile, rows - t);
        const Scalar *const g = grad + t * out;
        multiply(count, in, out, g, out, m, in, to + t * in, in, false);
        multiply({in, out, count, values + t * in, in, g, out, matrix_sum, out, true}, tile_transposed.data());
        for (int64_t r = 0; r < count; r++) {
          for (int64_t j = 0; j < out; j++) offset_sum[j] += g[r * out + j];
        }
      }
    }
  });
  for (int64_t chunk = 0; chunk < chunks; chunk++) {
    add(grad_matrix.mutable_data_ptr<Scalar>(), all + chunk * size, in * out);
    add(grad_offset.mutable_data_ptr<Scalar>(), all + chunk * size + in * out, out);
  }
  return {grad_x, grad_matrix, grad_offset};
}

void check(const at::Tensor &rows, int64_t width, const at::Tensor &matrix) {
  TORCH_CHECK(
      rows.dim() == 2 && matrix.dim() == 2 && rows.size(1) == width && rows.dtype() == matrix.dtype(),
      "rows of shape ", rows.sizes(), " and a matrix of shape ", matrix.sizes(), " do not fit");
}

}  // namespace

extern "C" {

ct_status ct_affine_rows(ct_handle x, ct_handle matrix, ct_handle offset, ct_handle *y) {
  return guarded([&] {
    check(tensor(x), tensor(matrix).size(0), tensor(matrix));
    TORCH_CHECK(tensor(offset).numel() == tensor(matrix).size(1), "the offset does not fit the matrix");
    AT_DISPATCH_FLOATING_TYPES(tensor(x).scalar_type(), "affine_rows", [&] {
      *y = owned(
          forward<scalar_t>(tensor(x).contiguous(), tensor(matrix).contiguous(), tensor(offset).contiguous()));
    });
  });
}

ct_status ct_affine_rows_backward(
    ct_handle x, ct_handle grad_y, ct_handle matrix, ct_handle *grad_x, ct_handle *grad_matrix,
    ct_handle *grad_offset) {
  return guarded([&] {
    check(tensor(x), tensor(matrix).size(0), tensor(matrix));
    check(tensor(grad_y), tensor(matrix).size(1), tensor(matrix));
    AT_DISPATCH_FLOATING_TYPES(tensor(x).scalar_type(), "affine_rows", [&] {
      auto [first, second, third] = backward<scalar_t>(
          tensor(x).contiguous(), tensor(grad_y).contiguous(), tensor(matrix).t().contiguous());
      *grad_x = owned(std::move(first));
      *grad_matrix = owned(std::move(second));
      *grad_offset = owned(std::move(third));
    });
  });
}

}  // extern "C"
