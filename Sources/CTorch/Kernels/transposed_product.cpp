// c (+)= aᵀ · b, the shape of the gradient of weights, without a copy of `a` that is transposed: a tile of sums stays in registers
// while the rows of both factors go by.
#include "products.h"

#if defined(__x86_64__) && defined(__linux__)
#include <immintrin.h>
#endif

namespace ctorch {

namespace {

template <class Scalar>
void multiply_by_copy(const TransposedProduct<Scalar> &p, Scalar *workspace) {
  transpose(p.a, p.lda, p.k, p.m, workspace, p.k);
  multiply(p.m, p.n, p.k, workspace, p.k, p.b, p.ldb, p.c, p.ldc, p.accumulate);
}

#if defined(__x86_64__) && defined(__linux__)
#define CT_AVX512 __attribute__((target("avx512f")))

/// `a` of more columns has its rows so far apart that they crowd each other out of the first-level cache.
constexpr int64_t widest = 192;

/// R rows and V vectors of columns of the result, of which the last vector is as wide as `mask`.
template <int R, int V>
CT_AVX512 void tile(const TransposedProduct<float> &p, int64_t row, int64_t column, __mmask16 mask) {
  const auto last = [mask](int v) { return v == V - 1 ? mask : static_cast<__mmask16>(0xffff); };
  float *const c = p.c + row * p.ldc + column;
  __m512 sums[R][V];
#pragma clang loop unroll(full)
  for (int r = 0; r < R; r++) {
#pragma clang loop unroll(full)
    for (int v = 0; v < V; v++) {
      sums[r][v] = p.accumulate ? _mm512_maskz_loadu_ps(last(v), c + r * p.ldc + 16 * v) : _mm512_setzero_ps();
    }
  }
  const float *a = p.a + row, *b = p.b + column;
  for (int64_t k = 0; k < p.k; k++, a += p.lda, b += p.ldb) {
    __m512 values[V];
#pragma clang loop unroll(full)
    for (int v = 0; v < V; v++) values[v] = _mm512_maskz_loadu_ps(last(v), b + 16 * v);
#pragma clang loop unroll(full)
    for (int r = 0; r < R; r++) {
      const __m512 factor = _mm512_set1_ps(a[r]);
#pragma clang loop unroll(full)
      for (int v = 0; v < V; v++) sums[r][v] = _mm512_fmadd_ps(factor, values[v], sums[r][v]);
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < R; r++) {
#pragma clang loop unroll(full)
    for (int v = 0; v < V; v++) _mm512_mask_storeu_ps(c + r * p.ldc + 16 * v, last(v), sums[r][v]);
  }
}

/// All rows of V vectors of columns; R rows at a time, whose sums fill the registers.
template <int R, int V>
CT_AVX512 void rows(const TransposedProduct<float> &p, int64_t row, int64_t column, __mmask16 mask) {
  for (; row + R <= p.m; row += R) tile<R, V>(p, row, column, mask);
  if constexpr (R > 1) {
    if (row < p.m) rows<R / 2, V>(p, row, column, mask);
  }
}

CT_AVX512 void multiply_in_registers(const TransposedProduct<float> &p) {
  for (int64_t column = 0; column < p.n; column += 64) {
    const int64_t columns = std::min<int64_t>(64, p.n - column), vectors = (columns + 15) / 16;
    const __mmask16 mask = static_cast<__mmask16>(0xffff >> (16 * vectors - columns));
    switch (vectors) {
      case 1: rows<16, 1>(p, 0, column, mask); break;
      case 2: rows<12, 2>(p, 0, column, mask); break;
      case 3: rows<8, 3>(p, 0, column, mask); break;
      default: rows<6, 4>(p, 0, column, mask);
    }
  }
}
#endif

}  // namespace

void multiply(const TransposedProduct<float> &product, float *workspace) {
#if defined(__x86_64__) && defined(__linux__)
  static const bool is_wide = __builtin_cpu_supports("avx512f");
  if (is_wide && product.lda <= widest) return multiply_in_registers(product);
#endif
  multiply_by_copy(product, workspace);
}

void multiply(const TransposedProduct<double> &product, double *workspace) { multiply_by_copy(product, workspace); }

}  // namespace ctorch
