#include "bfloat16.h"

#include <cstring>

namespace ctorch {

namespace {

using Bits = uint16_t;

static_assert(sizeof(BFloat16) == sizeof(Bits), "a bfloat16 is its bits");

[[gnu::always_inline]] inline Bits rounded(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  const uint32_t nearest = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  // Adding to what is not a number could make it one.
  return static_cast<Bits>((bits & 0x7fffffff) > 0x7f800000 ? (bits >> 16) | 0x40 : nearest);
}

[[gnu::always_inline]] inline float exact(Bits bits) {
  const uint32_t wide = static_cast<uint32_t>(bits) << 16;
  float value;
  std::memcpy(&value, &wide, sizeof value);
  return value;
}

inline Bits *bits(BFloat16 *numbers) { return reinterpret_cast<Bits *>(numbers); }
inline const Bits *bits(const BFloat16 *numbers) { return reinterpret_cast<const Bits *>(numbers); }

}  // namespace

CT_VECTORIZED void round_rows(const float *rows, int64_t count, int64_t width, BFloat16 *target, int64_t stride) {
  for (int64_t r = 0; r < count; r++) {
    const float *__restrict from = rows + r * width;
    Bits *__restrict to = bits(target) + r * stride;
    for (int64_t c = 0; c < width; c++) to[c] = rounded(from[c]);
    for (int64_t c = width; c < stride; c++) to[c] = 0;
  }
}

CT_VECTORIZED void round_pairs(const float *rows, int64_t count, int64_t width, BFloat16 *target) {
  for (int64_t r = 0; r < count; r += 2) {
    const float *__restrict even = rows + r * width, *__restrict odd = even + width;
    Bits *__restrict to = bits(target) + r * width;
    if (r + 1 < count) {
      for (int64_t c = 0; c < width; c++) {
        to[2 * c] = rounded(even[c]);
        to[2 * c + 1] = rounded(odd[c]);
      }
    } else {
      for (int64_t c = 0; c < width; c++) {
        to[2 * c] = rounded(even[c]);
        to[2 * c + 1] = 0;
      }
    }
  }
}

CT_VECTORIZED void interleave_pairs(const BFloat16 *rows, int64_t count, int64_t width, BFloat16 *target) {
  for (int64_t r = 0; r < count; r += 2) {
    const Bits *__restrict even = bits(rows) + r * width, *__restrict odd = even + width;
    Bits *__restrict to = bits(target) + r * width;
    if (r + 1 < count) {
      for (int64_t c = 0; c < width; c++) {
        to[2 * c] = even[c];
        to[2 * c + 1] = odd[c];
      }
    } else {
      for (int64_t c = 0; c < width; c++) {
        to[2 * c] = even[c];
        to[2 * c + 1] = 0;
      }
    }
  }
}

void transpose(const BFloat16 *rows, int64_t count, int64_t width, BFloat16 *target, BFloat16 *pairs) {
  interleave_pairs(rows, count, width, pairs);
  // A pair is as wide as a float, and is moved as one.
  const int64_t halves = (count + 1) / 2;
  transpose(reinterpret_cast<const float *>(pairs), width, halves, width, reinterpret_cast<float *>(target), halves);
}

CT_VECTORIZED void scale_shift_relu(
    const float *row, const float *scale, const float *shift, const float *shift2, int64_t width, BFloat16 *target) {
  Bits *__restrict to = bits(target);
  for (int64_t c = 0; c < width; c++) {
    const float y = row[c] * scale[c] + (shift[c] + shift2[c]);
    to[c] = rounded(y < 0 ? 0.0f : y);
  }
}

CT_VECTORIZED void relu_backward(
    Rows<float> gradient, Rows<const BFloat16> y, const float *scale, float *sum, float *sum_times_y) {
  for (int64_t r = 0; r < y.count; r++) {
    float *__restrict g = gradient[r];
    const Bits *__restrict from = bits(y[r]);
    float *__restrict total = sum, *__restrict times_y = sum_times_y;
    for (int64_t c = 0; c < y.width; c++) {
      const float value = exact(from[c]), through = value <= 0 ? 0.0f : g[c];
      total[c] += through;
      times_y[c] += through * value;
      g[c] = through * scale[c];
    }
  }
}

}  // namespace ctorch
