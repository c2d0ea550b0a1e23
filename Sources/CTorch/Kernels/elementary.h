// exp and log in single precision without branches, so that loops over them become vector instructions; within 2 units in
// the last place. In double precision they are the library's.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

namespace ctorch {

template <class To, class From>
[[gnu::always_inline]] inline To same_bits(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  std::memcpy(&to, &from, sizeof to);
  return to;
}

/// 2^n · e^r with x = n ln 2 + r and a polynomial of r; the limits are those of normal numbers.
[[gnu::always_inline]] inline float exponential(float x) {
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
  // In two factors, since 2^128 is no number.
  const int32_t power = static_cast<int32_t>(n), half = power >> 1;
  const float scaled =
      p * same_bits<float>((half + 127) << 23) * same_bits<float>((power - half + 127) << 23);
  return x < -87.3f ? 0 : x > 88.7f ? INFINITY : scaled;
}

[[gnu::always_inline]] inline double exponential(double x) { return std::exp(x); }

/// The logarithm of a positive normal number.
[[gnu::always_inline]] inline float logarithm(float x) {
  // x = 2^k · (1 + f) with 1 + f between sqrt(1/2) and sqrt(2).
  const int32_t shifted = same_bits<int32_t>(x) - 0x3f3504f3;
  const float k = static_cast<float>(shifted >> 23);
  const float f = same_bits<float>((shifted & 0x007fffff) + 0x3f3504f3) - 1;
  float p = 7.0376836292e-2f;
  p = p * f - 1.1514610310e-1f;
  p = p * f + 1.1676998740e-1f;
  p = p * f - 1.2420140846e-1f;
  p = p * f + 1.4249322787e-1f;
  p = p * f - 1.6668057665e-1f;
  p = p * f + 2.0000714765e-1f;
  p = p * f - 2.4999993993e-1f;
  p = p * f + 3.3333331174e-1f;
  const float square = f * f;
  const float result = f * square * p + k * -2.12194440e-4f - 0.5f * square + f + k * 0.693359375f;
  // What is not a number stays visible.
  return result + (x - x);
}

[[gnu::always_inline]] inline double logarithm(double x) { return std::log(x); }

/// log(1 + x) for x in 0...1, with what rounding 1 + x loses put back.
template <class Scalar>
[[gnu::always_inline]] inline Scalar logarithm_of_one_plus(Scalar x) {
  const Scalar y = 1 + x;
  return logarithm(y) + (x - (y - 1)) / y;
}

}  // namespace ctorch
