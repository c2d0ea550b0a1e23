// Loops over rows of floating-point numbers, compiled for several generations of processors and chosen at load time.
#pragma once

#include <cstdint>

#if defined(__x86_64__) && defined(__linux__)
#include <immintrin.h>
#define CT_VECTORIZED __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CT_VECTORIZED
#endif

namespace ctorch {

/// What `scale_shift_relu` and `relu_backward` work on: rows of `width` numbers that lie one after another.
template <class Scalar>
struct Rows {
  Scalar *data;
  int64_t count, width;
  Scalar *operator[](int64_t row) const { return data + row * width; }
};

/// row = max(0, scale * row + shift + shift2)
void scale_shift_relu(float *row, const float *scale, const float *shift, const float *shift2, int64_t width);
void scale_shift_relu(double *row, const double *scale, const double *shift, const double *shift2, int64_t width);

/// The backward pass of y = max(0, scale * x + shift) over rows: turns the gradients of `y` into those of `x` in place,
/// and adds up over the rows the gradient of `scale * x + shift` and its product with `y`.
void relu_backward(
    Rows<float> gradient, Rows<const float> y, const float *scale, float *sum, float *sum_times_y);
void relu_backward(
    Rows<double> gradient, Rows<const double> y, const double *scale, double *sum, double *sum_times_y);

/// One step of Adam, or with `maximum` of Adamax, and of an average of the weights.
template <class Scalar>
struct AdamStep {
  Scalar gradient_factor, first_weight, beta2, second_weight, epsilon, rate, average_weight, shrinkage;
  bool maximum;
};

/// `average` may be null.
void adam(
    const AdamStep<float> &step, float *value, const float *gradient, float *first, float *second, float *average,
    int64_t count);
void adam(
    const AdamStep<double> &step, double *value, const double *gradient, double *first, double *second,
    double *average, int64_t count);

/// mean += weight * (factor * gradient - mean), and direction = the same mean moved on by the gradient once more.
void nesterov(float *mean, const float *gradient, float factor, float weight, float *direction, int64_t count);
void nesterov(double *mean, const double *gradient, double factor, double weight, double *direction, int64_t count);

/// value -= shrinkage * value + rate * direction, and average += average_weight * (value - average); it may be null.
void step_along(
    const float *direction, float rate, float shrinkage, float average_weight, float *value, float *average,
    int64_t count);
void step_along(
    const double *direction, double rate, double shrinkage, double average_weight, double *value, double *average,
    int64_t count);

/// target[p] = source[p] for `count` pixels of `channels` numbers; strides are those of pixels, in numbers.
void copy_pixels(
    float *target, int64_t target_stride, const float *source, int64_t source_stride, int64_t count,
    int64_t channels);
void copy_pixels(
    double *target, int64_t target_stride, const double *source, int64_t source_stride, int64_t count,
    int64_t channels);

/// target[p] = the sum of sources[i][p], in their order, for `count` pixels that lie one after another in `target`.
void sum_pixels(
    float *target, const float *const *sources, int64_t source_count, int64_t source_stride, int64_t count,
    int64_t channels);
void sum_pixels(
    double *target, const double *const *sources, int64_t source_count, int64_t source_stride, int64_t count,
    int64_t channels);

/// pixel = (pixel + shift) * scale for `count` pixels that lie one after another.
void shift_scale_pixels(float *pixels, const float *shift, const float *scale, int64_t count, int64_t channels);
void shift_scale_pixels(double *pixels, const double *shift, const double *scale, int64_t count, int64_t channels);

/// target += source
void add(float *target, const float *source, int64_t count);
void add(double *target, const double *source, int64_t count);

/// target[j, i] = source[i, j], with the strides of rows in numbers.
void transpose(
    const float *source, int64_t source_stride, int64_t rows, int64_t columns, float *target,
    int64_t target_stride);
void transpose(
    const double *source, int64_t source_stride, int64_t rows, int64_t columns, double *target,
    int64_t target_stride);

}  // namespace ctorch
