#include "vectors.h"

#include <algorithm>
#include <cmath>
#include <type_traits>

// Comparisons are such that what is not a number stays visible.
namespace ctorch {

namespace {

template <class Scalar>
[[gnu::always_inline]] inline void scale_shift_relu_row(
    Scalar *__restrict row, const Scalar *__restrict scale, const Scalar *__restrict shift,
    const Scalar *__restrict shift2, int64_t width) {
  for (int64_t c = 0; c < width; c++) {
    const Scalar y = row[c] * scale[c] + (shift[c] + shift2[c]);
    row[c] = y < 0 ? Scalar(0) : y;
  }
}

template <class Scalar>
[[gnu::always_inline]] inline void relu_backward_row(
    Scalar *__restrict gradient, const Scalar *__restrict y, const Scalar *__restrict scale, Scalar *__restrict sum,
    Scalar *__restrict sum_times_y, int64_t width) {
  for (int64_t c = 0; c < width; c++) {
    const Scalar g = y[c] <= 0 ? Scalar(0) : gradient[c];
    sum[c] += g;
    sum_times_y[c] += g * y[c];
    gradient[c] = g * scale[c];
  }
}

/// Calls `body` with a constant where `channels` is a usual number: short loops of known length become a few instructions.
template <class Body>
[[gnu::always_inline]] inline void with_channels(int64_t channels, const Body &body) {
  switch (channels) {
    case 2: return body(std::integral_constant<int64_t, 2>());
    case 4: return body(std::integral_constant<int64_t, 4>());
    case 3: return body(std::integral_constant<int64_t, 3>());
    case 6: return body(std::integral_constant<int64_t, 6>());
    case 8: return body(std::integral_constant<int64_t, 8>());
    case 9: return body(std::integral_constant<int64_t, 9>());
    case 12: return body(std::integral_constant<int64_t, 12>());
    case 18: return body(std::integral_constant<int64_t, 18>());
    case 24: return body(std::integral_constant<int64_t, 24>());
    case 36: return body(std::integral_constant<int64_t, 36>());
    case 48: return body(std::integral_constant<int64_t, 48>());
    default: return body(channels);
  }
}

template <class Scalar>
[[gnu::always_inline]] inline void copy_pixels_inline(
    Scalar *__restrict target, int64_t target_stride, const Scalar *__restrict source, int64_t source_stride,
    int64_t count, int64_t channels) {
  with_channels(channels, [=](auto width) __attribute__((always_inline)) {
    for (int64_t p = 0; p < count; p++) {
      for (int64_t c = 0; c < width; c++) target[p * target_stride + c] = source[p * source_stride + c];
    }
  });
}

template <class Scalar>
[[gnu::always_inline]] inline void sum_pixels_inline(
    Scalar *__restrict target, const Scalar *const *__restrict sources, int64_t source_count, int64_t source_stride,
    int64_t count, int64_t channels) {
  with_channels(channels, [=](auto width) __attribute__((always_inline)) {
    for (int64_t p = 0; p < count; p++) {
      if constexpr (std::is_integral_v<decltype(width)>) {
        std::fill_n(target + p * width, width, Scalar(0));
        for (int64_t i = 0; i < source_count; i++) {
          for (int64_t c = 0; c < width; c++) target[p * width + c] += sources[i][p * source_stride + c];
        }
      } else {
        // In registers.
        Scalar sums[width] = {};
        for (int64_t i = 0; i < source_count; i++) {
          for (int64_t c = 0; c < width; c++) sums[c] += sources[i][p * source_stride + c];
        }
        for (int64_t c = 0; c < width; c++) target[p * width + c] = sums[c];
      }
    }
  });
}

template <class Scalar>
[[gnu::always_inline]] inline void shift_scale_pixels_inline(
    Scalar *__restrict pixels, const Scalar *__restrict shift, const Scalar *__restrict scale, int64_t count,
    int64_t channels) {
  with_channels(channels, [=](auto width) __attribute__((always_inline)) {
    for (int64_t p = 0; p < count; p++) {
      for (int64_t c = 0; c < width; c++) pixels[p * width + c] = (pixels[p * width + c] + shift[c]) * scale[c];
    }
  });
}

template <class Scalar>
[[gnu::always_inline]] inline void adam_run(
    const AdamStep<Scalar> &step, Scalar *__restrict value, const Scalar *__restrict gradient,
    Scalar *__restrict first, Scalar *__restrict second, int64_t count) {
  const AdamStep<Scalar> s = step;
  for (int64_t i = 0; i < count; i++) {
    const Scalar g = gradient[i] * s.gradient_factor, m = first[i] + s.first_weight * (g - first[i]);
    const Scalar decayed = s.beta2 * second[i], size = g < 0 ? -g : g;
    const Scalar v = s.maximum ? (decayed < size ? size : decayed) : decayed + s.second_weight * g * g;
    first[i] = m;
    second[i] = v;
    value[i] -= s.shrinkage * value[i] + s.rate * m / ((s.maximum ? v : std::sqrt(v)) + s.epsilon);
  }
}

template <class Scalar>
[[gnu::always_inline]] inline void adam_and_average(
    const AdamStep<Scalar> &step, Scalar *value, const Scalar *gradient, Scalar *first, Scalar *second,
    Scalar *__restrict average, int64_t count) {
  // In chunks that stay in the cache, so that the average finds the new values there.
  for (int64_t begin = 0; begin < count; begin += 2048) {
    const int64_t length = std::min<int64_t>(2048, count - begin);
    adam_run(step, value + begin, gradient + begin, first + begin, second + begin, length);
    if (!average) continue;
    for (int64_t i = begin; i < begin + length; i++) average[i] += step.average_weight * (value[i] - average[i]);
  }
}

template <class Scalar>
[[gnu::always_inline]] inline void nesterov_run(
    Scalar *__restrict mean, const Scalar *__restrict gradient, Scalar factor, Scalar weight,
    Scalar *__restrict direction, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    const Scalar g = factor * gradient[i], m = mean[i] + weight * (g - mean[i]);
    mean[i] = m;
    direction[i] = m + weight * (g - m);
  }
}

template <class Scalar>
[[gnu::always_inline]] inline void step_along_run(
    const Scalar *__restrict direction, Scalar rate, Scalar shrinkage, Scalar average_weight,
    Scalar *__restrict value, Scalar *__restrict average, int64_t count) {
  for (int64_t i = 0; i < count; i++) value[i] -= shrinkage * value[i] + rate * direction[i];
  if (!average) return;
  for (int64_t i = 0; i < count; i++) average[i] += average_weight * (value[i] - average[i]);
}

template <class Scalar>
[[gnu::always_inline]] inline void add_row(
    Scalar *__restrict target, const Scalar *__restrict source, int64_t count) {
  for (int64_t i = 0; i < count; i++) target[i] += source[i];
}

template <class Scalar>
void transpose_plainly(
    const Scalar *source, int64_t source_stride, int64_t rows, int64_t columns, Scalar *target,
    int64_t target_stride) {
  for (int64_t i = 0; i < rows; i++) {
    for (int64_t j = 0; j < columns; j++) target[j * target_stride + i] = source[i * source_stride + j];
  }
}

#if defined(__x86_64__) && defined(__linux__)
/// Rows of 16 numbers, transposed.
__attribute__((target("avx512f"), always_inline)) inline void transpose16(__m512 (&a)[16]) {
  __m512 b[16];
#pragma clang loop unroll(full)
  for (int i = 0; i < 8; i++) {
    b[2 * i] = _mm512_unpacklo_ps(a[2 * i], a[2 * i + 1]);
    b[2 * i + 1] = _mm512_unpackhi_ps(a[2 * i], a[2 * i + 1]);
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) {
    const __m512d p = _mm512_castps_pd(b[4 * i]), q = _mm512_castps_pd(b[4 * i + 1]);
    const __m512d r = _mm512_castps_pd(b[4 * i + 2]), s = _mm512_castps_pd(b[4 * i + 3]);
    a[4 * i] = _mm512_castpd_ps(_mm512_unpacklo_pd(p, r));
    a[4 * i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(p, r));
    a[4 * i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(q, s));
    a[4 * i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(q, s));
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) {
    b[i] = _mm512_shuffle_f32x4(a[i], a[4 + i], 0x88);
    b[4 + i] = _mm512_shuffle_f32x4(a[i], a[4 + i], 0xdd);
    b[8 + i] = _mm512_shuffle_f32x4(a[8 + i], a[12 + i], 0x88);
    b[12 + i] = _mm512_shuffle_f32x4(a[8 + i], a[12 + i], 0xdd);
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < 8; i++) {
    a[i] = _mm512_shuffle_f32x4(b[i], b[8 + i], 0x88);
    a[8 + i] = _mm512_shuffle_f32x4(b[i], b[8 + i], 0xdd);
  }
}

__attribute__((target("avx512f"))) void transpose_block(
    const float *source, int64_t source_stride, float *target, int64_t target_stride) {
  __m512 a[16];
#pragma clang loop unroll(full)
  for (int i = 0; i < 16; i++) a[i] = _mm512_loadu_ps(source + i * source_stride);
  transpose16(a);
#pragma clang loop unroll(full)
  for (int i = 0; i < 16; i++) _mm512_storeu_ps(target + i * target_stride, a[i]);
}

/// Up to 16 x 16 numbers.
__attribute__((target("avx512f"))) void transpose_corner(
    const float *source, int64_t source_stride, int64_t rows, int64_t columns, float *target,
    int64_t target_stride) {
  const __mmask16 in = static_cast<__mmask16>((1u << columns) - 1), out = static_cast<__mmask16>((1u << rows) - 1);
  __m512 a[16];
  for (int i = 0; i < 16; i++) {
    a[i] = i < rows ? _mm512_maskz_loadu_ps(in, source + i * source_stride) : _mm512_setzero_ps();
  }
  transpose16(a);
  for (int i = 0; i < columns; i++) _mm512_mask_storeu_ps(target + i * target_stride, out, a[i]);
}
#endif

}  // namespace

CT_VECTORIZED void scale_shift_relu(
    float *row, const float *scale, const float *shift, const float *shift2, int64_t width) {
  scale_shift_relu_row(row, scale, shift, shift2, width);
}

CT_VECTORIZED void scale_shift_relu(
    double *row, const double *scale, const double *shift, const double *shift2, int64_t width) {
  scale_shift_relu_row(row, scale, shift, shift2, width);
}

CT_VECTORIZED void relu_backward(
    Rows<float> gradient, Rows<const float> y, const float *scale, float *sum, float *sum_times_y) {
  for (int64_t r = 0; r < y.count; r++) relu_backward_row(gradient[r], y[r], scale, sum, sum_times_y, y.width);
}

CT_VECTORIZED void relu_backward(
    Rows<double> gradient, Rows<const double> y, const double *scale, double *sum, double *sum_times_y) {
  for (int64_t r = 0; r < y.count; r++) relu_backward_row(gradient[r], y[r], scale, sum, sum_times_y, y.width);
}

CT_VECTORIZED void adam(
    const AdamStep<float> &step, float *value, const float *gradient, float *first, float *second, float *average,
    int64_t count) {
  adam_and_average(step, value, gradient, first, second, average, count);
}

CT_VECTORIZED void adam(
    const AdamStep<double> &step, double *value, const double *gradient, double *first, double *second,
    double *average, int64_t count) {
  adam_and_average(step, value, gradient, first, second, average, count);
}

CT_VECTORIZED void nesterov(
    float *mean, const float *gradient, float factor, float weight, float *direction, int64_t count) {
  nesterov_run(mean, gradient, factor, weight, direction, count);
}

CT_VECTORIZED void nesterov(
    double *mean, const double *gradient, double factor, double weight, double *direction, int64_t count) {
  nesterov_run(mean, gradient, factor, weight, direction, count);
}

CT_VECTORIZED void step_along(
    const float *direction, float rate, float shrinkage, float average_weight, float *value, float *average,
    int64_t count) {
  step_along_run(direction, rate, shrinkage, average_weight, value, average, count);
}

CT_VECTORIZED void step_along(
    const double *direction, double rate, double shrinkage, double average_weight, double *value, double *average,
    int64_t count) {
  step_along_run(direction, rate, shrinkage, average_weight, value, average, count);
}

CT_VECTORIZED void copy_pixels(
    float *target, int64_t target_stride, const float *source, int64_t source_stride, int64_t count,
    int64_t channels) {
  copy_pixels_inline(target, target_stride, source, source_stride, count, channels);
}

CT_VECTORIZED void copy_pixels(
    double *target, int64_t target_stride, const double *source, int64_t source_stride, int64_t count,
    int64_t channels) {
  copy_pixels_inline(target, target_stride, source, source_stride, count, channels);
}

CT_VECTORIZED void sum_pixels(
    float *target, const float *const *sources, int64_t source_count, int64_t source_stride, int64_t count,
    int64_t channels) {
  sum_pixels_inline(target, sources, source_count, source_stride, count, channels);
}

CT_VECTORIZED void sum_pixels(
    double *target, const double *const *sources, int64_t source_count, int64_t source_stride, int64_t count,
    int64_t channels) {
  sum_pixels_inline(target, sources, source_count, source_stride, count, channels);
}

CT_VECTORIZED void shift_scale_pixels(
    float *pixels, const float *shift, const float *scale, int64_t count, int64_t channels) {
  shift_scale_pixels_inline(pixels, shift, scale, count, channels);
}

CT_VECTORIZED void shift_scale_pixels(
    double *pixels, const double *shift, const double *scale, int64_t count, int64_t channels) {
  shift_scale_pixels_inline(pixels, shift, scale, count, channels);
}

CT_VECTORIZED void add(float *target, const float *source, int64_t count) { add_row(target, source, count); }

CT_VECTORIZED void add(double *target, const double *source, int64_t count) { add_row(target, source, count); }

void transpose(
    const float *source, int64_t source_stride, int64_t rows, int64_t columns, float *target,
    int64_t target_stride) {
#if defined(__x86_64__) && defined(__linux__)
  static const bool wide = __builtin_cpu_supports("avx512f");
  if (wide) {
    for (int64_t i = 0; i < rows; i += 16) {
      for (int64_t j = 0; j < columns; j += 16) {
        const float *from = source + i * source_stride + j;
        float *to = target + j * target_stride + i;
        if (rows - i >= 16 && columns - j >= 16) {
          transpose_block(from, source_stride, to, target_stride);
        } else {
          transpose_corner(
              from, source_stride, std::min<int64_t>(16, rows - i), std::min<int64_t>(16, columns - j), to,
              target_stride);
        }
      }
    }
    return;
  }
#endif
  transpose_plainly(source, source_stride, rows, columns, target, target_stride);
}

void transpose(
    const double *source, int64_t source_stride, int64_t rows, int64_t columns, double *target,
    int64_t target_stride) {
  transpose_plainly(source, source_stride, rows, columns, target, target_stride);
}

}  // namespace ctorch
