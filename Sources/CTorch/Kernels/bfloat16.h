// Rows of float32 numbers as the bfloat16 factors of products, rounded to nearest even.
#pragma once

#include <c10/util/BFloat16.h>

#include "vectors.h"

namespace ctorch {

using c10::BFloat16;

/// target = rows, `count` of `width` numbers each; target's rows are `stride` numbers apart and end in zeros.
void round_rows(const float *rows, int64_t count, int64_t width, BFloat16 *target, int64_t stride);

/// What a product wants of its right factor: the rows 2i and 2i + 1 with their numbers side by side,
/// target[i, c, 0...1] = rows[2i...2i + 1, c]. A row that is missing at the end counts as zeros.
void round_pairs(const float *rows, int64_t count, int64_t width, BFloat16 *target);

/// The same for rows that are rounded already.
void interleave_pairs(const BFloat16 *rows, int64_t count, int64_t width, BFloat16 *target);

/// target[c, i] = rows[i, c]; target's rows are `count` numbers, or one more to be even, which is zero. `pairs` has room for as
/// many numbers as the target.
void transpose(const BFloat16 *rows, int64_t count, int64_t width, BFloat16 *target, BFloat16 *pairs);

/// As the functions of that name, on activations that are kept as bfloat16.
void scale_shift_relu(
    const float *row, const float *scale, const float *shift, const float *shift2, int64_t width, BFloat16 *target);
void relu_backward(
    Rows<float> gradient, Rows<const BFloat16> y, const float *scale, float *sum, float *sum_times_y);

}  // namespace ctorch
