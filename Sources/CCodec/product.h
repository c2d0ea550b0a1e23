// Products of matrices in single precision of which every number is one chain of fused multiply-adds, in the order of the inner
// index, whatever the processor: sums = fma(row[k], matrix[k][column], sums) from a start that is given.
#pragma once

#include <cstdint>
#include <vector>

namespace codec {

struct Kernel;

/// What a kernel needs to know of a product.
struct Product {
  int64_t inner, width;
  bool relu;
  const float *packed;
};

/// A matrix `[inner][outputs]`, packed for a kernel in panels of columns.
class Matrix {
 public:
  Matrix() = default;
  Matrix(const float *values, int64_t inner, int64_t outputs, bool relu);

  /// out[i] = start[i] + rows[i] · matrix, and with `relu` no less than 0.
  /// - stride: between rows, in numbers.
  /// - starts: a row of ``width`` numbers each.
  /// - out: rows of ``width`` numbers.
  void multiply(const float *rows, int64_t stride, const float *const *starts, int64_t count, float *out) const;

  int64_t inner = 0, outputs = 0;
  /// Outputs, and zeros up to a multiple of the kernel's columns.
  int64_t width = 0;

 private:
  const Kernel *kernel = nullptr;
  std::vector<float> packed;
  bool relu = false;
};

}  // namespace codec
