#include "products.h"

#include <ATen/native/CPUBlas.h>
#include <c10/core/InferenceMode.h>

#include <cmath>

namespace ctorch {

namespace {

template <class Scalar>
void multiply_by_libtorch(
    int64_t m, int64_t n, int64_t k, const Scalar *a, int64_t lda, const Scalar *b, int64_t ldb, Scalar *c,
    int64_t ldc, bool accumulate) {
  const c10::InferenceMode inference;
  const auto matrix = [](const Scalar *data, int64_t rows, int64_t columns, int64_t stride) {
    return at::from_blob(
        const_cast<Scalar *>(data), {rows, columns}, {stride, 1}, c10::CppTypeToScalarType<Scalar>::value);
  };
  at::Tensor result = matrix(c, m, n, ldc);
  const at::Tensor left = matrix(a, m, k, lda), right = matrix(b, k, n, ldb);
  if (accumulate) {
    result.addmm_(left, right);
  } else {
    at::mm_out(result, left, right);
  }
}

/// Whether libtorch was built with oneDNN's batch-reduce kernel and has it for this processor.
bool has_brgemm() {
#ifdef CPUBLAS_BRGEMM_F32F32F32
  try {
    const float a[] = {1, 2, 3, 4}, b[] = {5, 6, 7, 8};
    float c[4] = {};
    at::native::cpublas::brgemm(2, 2, 2, 2, 2, 2, false, a, b, c, false);
    return c[0] == 19 && c[1] == 22 && c[2] == 43 && c[3] == 50;
  } catch (const std::exception &) {
  }
#endif
  return false;
}

/// Whether this processor multiplies bfloat16 faster than float32; elsewhere the products would be emulated.
bool multiplies_bfloat16() {
#if defined(__x86_64__) && defined(__linux__)
  return __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}

bool has_bfloat16_brgemm() {
#ifdef CPUBLAS_BRGEMM_BF16BF16F32
  if (!multiplies_bfloat16()) return false;
  try {
    const BFloat16 a[] = {1.0f, 2.0f, 3.0f, 4.0f}, pairs[] = {5.0f, 7.0f, 6.0f, 8.0f};
    float c[4] = {};
    at::native::cpublas::brgemm(2, 2, 2, 2, 2, 2, false, a, pairs, c, true);
    Rounded::finish();
    return c[0] == 19 && c[1] == 22 && c[2] == 43 && c[3] == 50;
  } catch (const std::exception &) {
  }
#endif
  return false;
}

}  // namespace

bool has_bfloat16_products() {
  static const bool has = has_bfloat16_brgemm();
  return has;
}

void Rounded::finish() {
#ifdef CPUBLAS_BRGEMM_BF16BF16F32
  at::native::cpublas::brgemm_release(true);
#endif
}

void multiply(
    int64_t m, int64_t n, int64_t k, const BFloat16 *a, int64_t lda, const BFloat16 *b, int64_t ldb, float *c,
    int64_t ldc, bool accumulate) {
#ifdef CPUBLAS_BRGEMM_BF16BF16F32
  at::native::cpublas::brgemm(m, n, k, lda, ldb, ldc, accumulate, a, b, c, true);
#endif
}

void multiply(
    int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b, int64_t ldb, float *c, int64_t ldc,
    bool accumulate) {
#ifdef CPUBLAS_BRGEMM_F32F32F32
  static const bool fast = has_brgemm();
  if (fast) return at::native::cpublas::brgemm(m, n, k, lda, ldb, ldc, accumulate, a, b, c, false);
#endif
  multiply_by_libtorch(m, n, k, a, lda, b, ldb, c, ldc, accumulate);
}

void multiply(
    int64_t m, int64_t n, int64_t k, const double *a, int64_t lda, const double *b, int64_t ldb, double *c,
    int64_t ldc, bool accumulate) {
  multiply_by_libtorch(m, n, k, a, lda, b, ldb, c, ldc, accumulate);
}

}  // namespace ctorch
