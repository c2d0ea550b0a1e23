// Floating-point arithmetic that gives the same bits everywhere: IEEE operations one by one, none contracted to a fused one
// unless it is written so, and no function of the C library that rounds on its own.
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>

#pragma clang fp contract(off)

#define CC_ALWAYS_INLINE [[gnu::always_inline]] inline
/// Loops compiled for several generations of processors and chosen at load time. IEEE operations give the same bits in each.
#if defined(__x86_64__) && defined(__linux__)
#define CC_VECTORIZED __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CC_VECTORIZED
#endif

namespace codec {

template <class To, class From>
CC_ALWAYS_INLINE To same_bits(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  std::memcpy(&to, &from, sizeof to);
  return to;
}

// CTorch has functions like these. They may change with what training needs; archives depend on these here.

/// 2^n · e^r with x = n ln 2 + r, within 2 units in the last place.
CC_ALWAYS_INLINE float exponential(float x) {
  const float limited = x < -87.3f ? -87.3f : x > 88.7f ? 88.7f : x;
  // Adding and taking away 1.5 · 2^23 rounds to an integer.
  const float n = (limited * 1.44269504f + 12582912.0f) - 12582912.0f;
  const float r = (limited - n * 0.693359375f) - n * -2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1;
  const int32_t power = static_cast<int32_t>(n), half = power >> 1;
  const float scaled = p * same_bits<float>((half + 127) << 23) * same_bits<float>((power - half + 127) << 23);
  return x < -87.3f ? 0 : x > 88.7f ? std::numeric_limits<float>::infinity() : scaled;
}

/// The same in double precision, by the series to r^13 / 13!.
CC_ALWAYS_INLINE double exponential(double x) {
  if (!(x > -708)) return 0;
  if (x > 709) return std::numeric_limits<double>::infinity();
  const double n = (x * 1.4426950408889634 + 6755399441055744.0) - 6755399441055744.0;
  const double r = (x - n * 6.93147180369123816490e-01) - n * 1.90821492927058770002e-10;
  double sum = 1;
  for (int i = 13; i > 0; i--) sum = 1 + sum * r / i;
  const int64_t power = static_cast<int64_t>(n), half = power >> 1;
  return sum * same_bits<double>((half + 1023) << 52) * same_bits<double>((power - half + 1023) << 52);
}

/// log2 of a positive normal number, by the series of the inverse hyperbolic tangent.
CC_ALWAYS_INLINE double binary_logarithm(double x) {
  const uint64_t bits = same_bits<uint64_t>(x);
  const double exponent = static_cast<double>(static_cast<int>(bits >> 52) - 1023);
  const double m = same_bits<double>((bits & 0x000fffffffffffff) | uint64_t(1023) << 52);
  const double t = (m - 1) / (m + 1), square = t * t;
  double sum = 0;
  for (int i = 31; i > 0; i -= 2) sum = sum * square + 1.0 / i;
  return exponent + 2.8853900817779268 * t * sum;
}

/// tanh
CC_ALWAYS_INLINE float hyperbolic_tangent(float x) {
  const float size = x < 0 ? -x : x, e = exponential(-2 * size), magnitude = (1 - e) / (1 + e);
  return x < 0 ? -magnitude : magnitude;
}

/// The nearest integer, halves up, within `-limit ... limit`; 0 for what is no number.
CC_ALWAYS_INLINE int64_t rounded(double x, double limit) {
  const double sum = x + 0.5, held = sum > limit ? limit : sum < -limit ? -limit : sum, known = held == held ? held : 0;
  const int64_t whole = static_cast<int64_t>(known);
  return whole - (static_cast<double>(whole) > known ? 1 : 0);
}

}  // namespace codec
