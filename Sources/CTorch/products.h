// Products of small row-major matrices, for use inside a parallel loop: one thread each.
#pragma once

#include <ATen/ATen.h>

#include <algorithm>

#include "parallel.h"
#include "vectors.h"

namespace ctorch {

/// c (+)= a · b with a [m, k], b [k, n], c [m, n]; the last argument of each matrix is the distance of its rows.
void multiply(
    int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b, int64_t ldb, float *c, int64_t ldc,
    bool accumulate);
void multiply(
    int64_t m, int64_t n, int64_t k, const double *a, int64_t lda, const double *b, int64_t ldb, double *c,
    int64_t ldc, bool accumulate);

/// The right factor of many products, [k, n], cut into panels of at most 64 columns that each lie in one piece: the
/// kernel then streams through memory in order.
template <class Scalar>
class Panels {
 public:
  /// `fill(panel, begin, width)` writes columns begin..<begin + width, row after row. It runs on several threads.
  template <class Fill>
  Panels(int64_t k, int64_t n, const at::TensorOptions &options, const Fill &fill)
      : storage(at::empty({k * n}, options)), base(storage.template mutable_data_ptr<Scalar>()), k(k), n(n) {
    parallel_for((n + width - 1) / width, 1, [&](int64_t begin, int64_t end) {
      for (int64_t column = begin * width; column < std::min(n, end * width); column += width) {
        fill(base + column * k, column, std::min(width, n - column));
      }
    });
  }

  /// c = a · self with a [m, k].
  void multiply_into(Scalar *c, int64_t ldc, const Scalar *a, int64_t m, int64_t lda) const {
    for (int64_t column = 0; column < n; column += width) {
      const int64_t columns = std::min(width, n - column);
      multiply(m, columns, k, a, lda, base + column * k, columns, c + column, ldc, false);
    }
  }

 private:
  static constexpr int64_t width = 64;
  at::Tensor storage;
  Scalar *base;
  int64_t k, n;
};

}  // namespace ctorch
