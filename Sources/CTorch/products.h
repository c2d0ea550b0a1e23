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

/// The right factor of many products, [k, n], in panels of at most 64 columns.
template <class Scalar>
class Panels {
 public:
  /// A copy in which each panel lies in one piece, so that the kernel streams through memory in order: worth its while for
  /// more than a few hundred rows on the left. `fill(panel, begin, width)` writes columns begin..<begin + width, row after
  /// row; it runs on several threads.
  template <class Fill>
  Panels(int64_t k, int64_t n, const at::TensorOptions &options, const Fill &fill)
      : storage(at::empty({k * n}, options)), base(storage.template const_data_ptr<Scalar>()), k(k), n(n), distance(0) {
    Scalar *const copy = storage.template mutable_data_ptr<Scalar>();
    parallel_for((n + width - 1) / width, 1, [&](int64_t begin, int64_t end) {
      for (int64_t column = begin * width; column < std::min(n, end * width); column += width) {
        fill(copy + column * k, column, std::min(width, n - column));
      }
    });
  }

  /// The matrix where it is.
  Panels(const Scalar *matrix, int64_t k, int64_t n) : base(matrix), k(k), n(n), distance(n) {}

  /// c = a · self with a [m, k].
  void multiply_into(Scalar *c, int64_t ldc, const Scalar *a, int64_t m, int64_t lda) const {
    for (int64_t column = 0; column < n; column += width) {
      const int64_t columns = std::min(width, n - column);
      const Scalar *const panel = base + (distance ? column : column * k);
      multiply(m, columns, k, a, lda, panel, distance ? distance : columns, c + column, ldc, false);
    }
  }

 private:
  static constexpr int64_t width = 64;
  at::Tensor storage;
  const Scalar *base;
  int64_t k, n;
  /// Of the rows of a matrix that was not copied; otherwise 0.
  int64_t distance;
};

}  // namespace ctorch
