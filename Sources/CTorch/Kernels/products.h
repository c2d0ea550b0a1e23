// Products of small row-major matrices, for use inside a parallel loop: one thread each.
#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

#include "data.h"
#include "factors.h"
#include "parallel.h"

namespace ctorch {

/// c (+)= a · b with a [m, k], b [k, n], c [m, n]; the last argument of each matrix is the stride of its rows.
void multiply(
    int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b, int64_t ldb, float *c, int64_t ldc,
    bool accumulate);
void multiply(
    int64_t m, int64_t n, int64_t k, const double *a, int64_t lda, const double *b, int64_t ldb, double *c,
    int64_t ldc, bool accumulate);
/// `k` is even, and the rows of `b` come in pairs (``round_pairs``) of which `ldb` is half the stride. Sums are float32.
/// Only where ``has_bfloat16_products``.
void multiply(
    int64_t m, int64_t n, int64_t k, const BFloat16 *a, int64_t lda, const BFloat16 *b, int64_t ldb, float *c,
    int64_t ldc, bool accumulate);

/// c (+)= aᵀ · b with a [k, m], b [k, n], c [m, n].
template <class Scalar>
struct TransposedProduct {
  int64_t m, n, k;
  const Scalar *a;
  int64_t lda;
  const Scalar *b;
  int64_t ldb;
  Scalar *c;
  int64_t ldc;
  bool accumulate;
};

/// `workspace` has room for `a`.
void multiply(const TransposedProduct<float> &, float *workspace);
void multiply(const TransposedProduct<double> &, double *workspace);

/// Whether libtorch and the processor have products of bfloat16 matrices that are faster than those of float32.
bool has_bfloat16_products();

/// The right factor of many products, [k, n], in panels of at most 64 columns.
template <class Product>
class Panels {
 public:
  using Scalar = typename Product::Scalar;
  using Operand = typename Product::Operand;

  /// A copy in which each panel lies in one piece, so that the kernel streams through memory in order: worth its while for
  /// more than a few hundred rows on the left. `fill(panel, begin, width)` writes columns begin..<begin + width, row after
  /// row; it runs on several threads.
  template <class Fill>
  Panels(int64_t k, int64_t n, const at::TensorOptions &options, const Fill &fill)
      : storage(at::empty({Product::padded(k) * n}, options.dtype(c10::CppTypeToScalarType<Operand>::value))),
        base(const_data<Operand>(storage)), k(Product::padded(k)), n(n), stride(0) {
    Operand *const copy = storage.template mutable_data_ptr<Operand>();
    parallel_for((n + width - 1) / width, 1, [&](int64_t begin, int64_t end) {
      std::vector<Scalar> exact(Product::rounds ? k * width : 0);
      for (int64_t column = begin * width; column < std::min(n, end * width); column += width) {
        const int64_t columns = std::min(width, n - column);
        Operand *const panel = copy + column * this->k;
        if constexpr (Product::rounds) {
          fill(exact.data(), column, columns);
          round_pairs(exact.data(), k, columns, panel);
        } else {
          fill(panel, column, columns);
        }
      }
    });
  }

  /// The matrix where it is.
  Panels(const Operand *matrix, int64_t k, int64_t n) : base(matrix), k(k), n(n), stride(n) {}

  /// c = a · self with a [m, k].
  void multiply_into(Scalar *c, int64_t ldc, const Operand *a, int64_t m, int64_t lda) const {
    for (int64_t column = 0; column < n; column += width) {
      const int64_t columns = std::min(width, n - column);
      const Operand *const panel = base + (stride ? column : column * k);
      multiply(m, columns, k, a, lda, panel, stride ? stride : columns, c + column, ldc, false);
    }
  }

 private:
  static constexpr int64_t width = 64;
  at::Tensor storage;
  const Operand *base;
  int64_t k, n;
  /// The stride of the rows of a matrix that was not copied; otherwise 0.
  int64_t stride;
};

}  // namespace ctorch
