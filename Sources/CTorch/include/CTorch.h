// The C face of libtorch: one handle, a status code from every call, the result through the last pointer.
//
// A handle owns one reference to a tensor or a generator; `ct_release` gives it back. A call that fails returns a
// status other than zero, leaves its results untouched and keeps libtorch's message for `ct_last_error` (per thread).
#ifndef CTORCH_H
#define CTORCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ct_handle {
  void *object;
} ct_handle;

typedef int ct_status;

typedef enum ct_dtype {
  CT_UINT8, CT_INT32, CT_INT64, CT_FLOAT16, CT_BFLOAT16, CT_FLOAT32, CT_FLOAT64, CT_BOOL
} ct_dtype;

typedef enum ct_device_kind { CT_CPU, CT_CUDA, CT_MPS } ct_device_kind;

typedef struct ct_device {
  ct_device_kind kind;
  int32_t index;
} ct_device;

typedef struct ct_shape {
  const int64_t *sizes;
  size_t count;
} ct_shape;

const char *ct_last_error(void);
// Its symbol changes with this file (Scripts/check-interface.py says how), so that no program goes on with a library that was
// compiled for another version.
void ct_release(ct_handle handle) __asm__("ct_release_47db8fc1");
void ct_release_generator(ct_handle generator);
int64_t ct_live_handles(void);

// Process-wide state.
const char *ct_header_version(void);
const char *ct_build_description(void);
bool ct_device_available(ct_device_kind kind);
int32_t ct_cuda_device_count(void);
bool ct_has_bfloat16_products(void);  // on the CPU, faster than those of float32
bool ct_allow_tf32(bool allow);  // in CUDA's products of float32 matrices; returns what was set before
void ct_keep_freed_memory(void);
void ct_return_freed_memory(void);
// The most that tensors took of the device's memory since the start or the last reset; -1 where nobody counts, as on the
// CPU. The device must have been used.
ct_status ct_device_memory_peak(ct_device, int64_t *bytes);
ct_status ct_reset_device_memory_peak(ct_device);
int32_t ct_thread_count(void);
ct_status ct_set_thread_count(int32_t count);
// Calls `body` with 0 to `count - 1`, each on one of libtorch's threads, where operations then use no other thread.
void ct_side_by_side(int32_t count, void (*body)(void *context, int32_t index), void *context);
ct_status ct_manual_seed(uint64_t seed);
// A scope with autograd or, for inference, without its bookkeeping. Scopes nest; the last begun ends first.
void *ct_begin_scope(bool inference);
void ct_end_scope(void *scope);

// Generators of random numbers.
ct_status ct_generator(ct_device device, uint64_t seed, ct_handle *result);
ct_status ct_generator_state(ct_handle generator, ct_handle *result);
ct_status ct_set_generator_state(ct_handle generator, ct_handle state);

// Creation. `generator.object` may be NULL: libtorch's default generator.
ct_status ct_from_bytes(const void *bytes, size_t byte_count, ct_dtype, ct_shape, ct_device, ct_handle *result);
ct_status ct_full(double value, ct_dtype, ct_shape, ct_device, ct_handle *result);
ct_status ct_empty(ct_dtype, ct_shape, ct_device, ct_handle *result);
ct_status ct_arange(int64_t count, ct_dtype, ct_device, ct_handle *result);
ct_status ct_eye(int64_t size, ct_dtype, ct_device, ct_handle *result);
ct_status ct_randn(ct_handle generator, ct_dtype, ct_shape, ct_device, ct_handle *result);
ct_status ct_rand(ct_handle generator, ct_dtype, ct_shape, ct_device, ct_handle *result);
ct_status ct_randperm(ct_handle generator, int64_t count, ct_handle *result);

// What a tensor is.
int32_t ct_rank(ct_handle);
void ct_sizes(ct_handle, int64_t *sizes);
ct_dtype ct_dtype_of(ct_handle);
ct_device ct_device_of(ct_handle);
bool ct_is_contiguous(ct_handle);
bool ct_same_storage(ct_handle, ct_handle);
ct_status ct_copy_bytes(ct_handle, void *bytes, size_t byte_count);
// Whether contiguous tensors on the CPU hold these bytes, one after the other; where they do not, `bytes` takes what they hold.
ct_status ct_renew_bytes(const ct_handle *tensors, size_t count, void *bytes, size_t byte_count, bool *are_same);
ct_status ct_to(ct_handle, ct_dtype, ct_device, ct_handle *result);

// Shape.
ct_status ct_reshape(ct_handle, ct_shape, ct_handle *result);
ct_status ct_permute(ct_handle, ct_shape order, ct_handle *result);
ct_status ct_narrow(ct_handle, int64_t dim, int64_t start, int64_t length, ct_handle *result);
ct_status ct_index_select(ct_handle, int64_t dim, ct_handle indices, ct_handle *result);
ct_status ct_index_add_(ct_handle, int64_t dim, ct_handle indices, ct_handle source);
ct_status ct_cat(const ct_handle *tensors, size_t count, int64_t dim, ct_handle *result);
ct_status ct_expand(ct_handle, ct_shape, ct_handle *result);
ct_status ct_flip(ct_handle, ct_shape dims, ct_handle *result);
ct_status ct_contiguous(ct_handle, ct_handle *result);
ct_status ct_clone(ct_handle, ct_handle *result);
ct_status ct_detach(ct_handle, ct_handle *result);

// Elementwise, one operand.
#define CT_UNARY(X) \
  X(neg) X(exp) X(log) X(abs) X(sqrt) X(sigmoid) X(log_sigmoid) X(relu) X(floor) X(sign) X(square) X(tanh) X(isfinite)
#define CT_DECLARE_UNARY(name) ct_status ct_##name(ct_handle, ct_handle *result);
CT_UNARY(CT_DECLARE_UNARY)

// Elementwise, two operands with broadcasting.
#define CT_BINARY(X) X(add) X(sub) X(mul) X(div) X(maximum) X(eq)
#define CT_DECLARE_BINARY(name) ct_status ct_##name(ct_handle, ct_handle, ct_handle *result);
CT_BINARY(CT_DECLARE_BINARY)

ct_status ct_add_scalar(ct_handle, double, ct_handle *result);
ct_status ct_mul_scalar(ct_handle, double, ct_handle *result);
ct_status ct_div_into(double numerator, ct_handle, ct_handle *result);
ct_status ct_clamp(ct_handle, double low, double high, ct_handle *result);
ct_status ct_relu_backward(ct_handle gradient, ct_handle output, ct_handle *result);

// In place.
ct_status ct_zero_(ct_handle);
ct_status ct_relu_(ct_handle);
ct_status ct_copy_(ct_handle, ct_handle source);
ct_status ct_add_(ct_handle, ct_handle other, double alpha);
ct_status ct_mul_(ct_handle, ct_handle other);
ct_status ct_mul_scalar_(ct_handle, double);
ct_status ct_lerp_(ct_handle, ct_handle end, double weight);

// Products and convolution.
ct_status ct_matmul(ct_handle, ct_handle, ct_handle *result);
ct_status ct_addmm(ct_handle bias, ct_handle, ct_handle, ct_handle *result);
ct_status ct_addmm_(ct_handle, ct_handle, ct_handle);
ct_status ct_conv2d(ct_handle input, ct_handle weight, ct_handle bias, int64_t padding, ct_handle *result);
ct_status ct_conv2d_backward(
    ct_handle gradient, ct_handle input, ct_handle weight, int64_t padding, ct_handle *input_gradient,
    ct_handle *weight_gradient, ct_handle *bias_gradient);
ct_status ct_patches3x3(ct_handle input, bool edge_channel, ct_handle *result);
ct_status ct_patches3x3_adjoint(
    ct_handle patches, int64_t batch, int64_t height, int64_t width, int64_t channels, bool edge_channel,
    ct_handle *result);

// Kernels of our own, for float32 and float64 on the CPU outside of autograd.
bool ct_kernels_run(ct_handle input);

// y = x · matrix + offset for rows [count, in] and a small matrix [in, out].
ct_status ct_affine_rows(ct_handle x, ct_handle matrix, ct_handle offset, ct_handle *y);
ct_status ct_affine_rows_backward(
    ct_handle x, ct_handle grad_y, ct_handle matrix, ct_handle *grad_x, ct_handle *grad_matrix,
    ct_handle *grad_offset);

// The elementwise map of couplings and of masked autoregressive steps. A pixel keeps its first channels; the others become
// (x + shift) * scale, from the conditioner's output: all shifts, then all raw scales. Without a scale they become x + shift.
typedef enum ct_scale { CT_SCALE_NONE, CT_SCALE_SIGMOID, CT_SCALE_EXPONENTIAL, CT_SCALE_BOUNDED } ct_scale;

typedef struct ct_shift_scale {
  ct_scale scale;
  double minimum;  // of a sigmoid scale
  int64_t kept;    // channels
} ct_shift_scale;

ct_status ct_shift_scale_forward(
    const ct_shift_scale *, ct_handle x, ct_handle output, ct_handle *y, ct_handle *log_det);
ct_status ct_shift_scale_inverse(const ct_shift_scale *, ct_handle y, ct_handle output, ct_handle *x);
// From the map's output, which also gives its input.
ct_status ct_shift_scale_backward(
    const ct_shift_scale *, ct_handle y, ct_handle output, ct_handle grad_y, ct_handle grad_log_det, ct_handle *x,
    ct_handle *grad_output);
// From the map's input. grad_x is the gradient as far as it does not go through the conditioner.
ct_status ct_shift_scale_backward_of_input(
    const ct_shift_scale *, ct_handle x, ct_handle output, ct_handle grad_y, ct_handle grad_log_det, ct_handle *grad_x,
    ct_handle *grad_output);
// [grad_y's kept channels + grad_kept, grad_output's shifts]: the gradient of the map's input.
ct_status ct_shift_scale_join(
    const ct_shift_scale *, ct_handle grad_y, ct_handle grad_kept, ct_handle grad_output, ct_handle *grad_x);

// Which neighbors a convolution sees: bit `5 * (dy + 2) + dx + 2` is the tap at row offset dy and column offset dx.
enum { CT_TAPS_3X3 = 0x739C0 };

// Glow's conditioner in one pass: conv3x3, ActNorm, ReLU, conv1x1, ActNorm, ReLU, scaled conv3x3. The outer convolutions may
// see some taps only, in raster order: then their weights are [taps, ..].
typedef struct ct_conditioner_tensors {
  ct_handle conv1;  // [3, 3, inputs (+ 1), hidden]
  ct_handle norm1_bias, norm1_log_scale;  // [hidden]
  ct_handle conv2;  // [hidden, hidden], input first
  ct_handle norm2_bias, norm2_log_scale;  // [hidden]
  ct_handle conv3;  // [3, 3, hidden (+ 1), outputs]
  ct_handle conv3_bias, conv3_log_scale;  // [outputs]
} ct_conditioner_tensors;

typedef struct ct_conditioner {
  ct_conditioner_tensors values;
  uint32_t taps1, taps3;
  bool edge_channel;
  double norm_factor, output_factor;  // of the logarithms of the scales
  bool rounded;  // multiply bfloat16 numbers, where `ct_has_bfloat16_products`
} ct_conditioner;

// `image_bias` [batch, hidden] is added before the first ActNorm; its object may be NULL. With `keep`, `hidden1` and
// `hidden2` get what the backward pass needs, as bfloat16 if `rounded`.
ct_status ct_conditioner_forward(
    const ct_conditioner *, ct_handle input, ct_handle image_bias, bool keep, ct_handle *output, ct_handle *hidden1,
    ct_handle *hidden2);
// Adds to `gradients` and, unless its object is NULL, to `grad_image_bias`.
ct_status ct_conditioner_backward(
    const ct_conditioner *, const ct_conditioner_tensors *gradients, ct_handle input, ct_handle hidden1,
    ct_handle hidden2, ct_handle output, ct_handle grad_output, ct_handle grad_image_bias, ct_handle *grad_input);

// The input of which a masked step, with a conditioner of masked taps, makes `y`: pixel after pixel, along a wavefront.
ct_status ct_masked_inverse(
    const ct_conditioner *, const ct_shift_scale *, ct_handle y, ct_handle image_bias, ct_handle *x);

// A step of Adam, or with `maximum` of Adamax, over vectors of one length; `average` may be NULL. Gradients whose norm, a
// scalar, exceeds `clip` (if that is not 0) count as if they had that norm; where it is not finite the step is left out.
// Before the step, values lose `shrinkage` of their size.
typedef struct ct_adam {
  bool maximum;
  double beta1, beta2, epsilon, rate, clip, average_decay, shrinkage;
} ct_adam;

ct_status ct_adam_(
    const ct_adam *, ct_handle values, ct_handle gradients, ct_handle first, ct_handle second, ct_handle average,
    ct_handle norm);

// Adds vectors of one length to `total`, one after the other, and leaves zeros in them.
ct_status ct_take_sums(ct_handle total, const ct_handle *parts, size_t count);

// A matrix in a vector: from `start` on, row after row.
typedef struct ct_matrix {
  int64_t start, rows, columns;
} ct_matrix;

// A step of Muon over the matrices in vectors of one length: each moves by `rate` times 0.2 sqrt(its longer side) along the
// orthogonal matrix next to its momentum. What lies between matrices stays as it is. The rest is as for `ct_adam_`.
typedef struct ct_muon {
  double momentum, rate, clip, average_decay, shrinkage;
} ct_muon;

ct_status ct_muon_(
    const ct_muon *, const ct_matrix *matrices, size_t count, ct_handle values, ct_handle gradients, ct_handle mean,
    ct_handle average, ct_handle norm);

// Batch normalization per channel of [N, C, H, W] by the batch's own statistics, with an optional bias: libtorch's own.
ct_status ct_batch_norm(
    ct_handle, ct_handle bias, double epsilon, ct_handle *result, ct_handle *mean, ct_handle *inverse_deviation);
ct_status ct_batch_norm_backward(
    ct_handle gradient, ct_handle input, ct_handle mean, ct_handle inverse_deviation, double epsilon,
    ct_handle *input_gradient, ct_handle *bias_gradient);

// Reductions. An empty `dims` reduces over all.
ct_status ct_sum(ct_handle, ct_shape dims, bool keep, ct_handle *result);
ct_status ct_mean(ct_handle, ct_shape dims, bool keep, ct_handle *result);
ct_status ct_variance(ct_handle, ct_shape dims, bool keep, ct_handle *result);
ct_status ct_amin(ct_handle, ct_shape dims, bool keep, ct_handle *result);
ct_status ct_amax(ct_handle, ct_shape dims, bool keep, ct_handle *result);
ct_status ct_norm(ct_handle, ct_handle *result);
ct_status ct_argmax(ct_handle, int64_t dim, ct_handle *result);
ct_status ct_logsumexp(ct_handle, int64_t dim, ct_handle *result);
ct_status ct_log_softmax(ct_handle, int64_t dim, ct_handle *result);

// Small matrices.
ct_status ct_tril(ct_handle, int64_t diagonal, ct_handle *result);
ct_status ct_triu(ct_handle, int64_t diagonal, ct_handle *result);
ct_status ct_diag(ct_handle, ct_handle *result);
ct_status ct_inverse(ct_handle, ct_handle *result);
ct_status ct_slogdet(ct_handle, ct_handle *sign, ct_handle *log_abs_det);
ct_status ct_singular_values(ct_handle, ct_handle *result);
ct_status ct_qr(ct_handle, ct_handle *q, ct_handle *r);
ct_status ct_plu(ct_handle, ct_handle *p, ct_handle *l, ct_handle *u);

// Gradients by libtorch's autograd. An input on which no output depends gets a NULL handle.
ct_status ct_leaf(ct_handle, ct_handle *result);
ct_status ct_gradients(
    const ct_handle *outputs, const ct_handle *cotangents, size_t output_count, const ct_handle *inputs,
    size_t input_count, ct_handle *results);

// Processes that work together: c10d's key-value store and groups, and a collective under way. Each handle is one reference,
// given back by `ct_release_object`. Times are in seconds.
typedef struct ct_bytes {
  const uint8_t *first;
  size_t count;
} ct_bytes;

typedef enum ct_reduction { CT_SUM, CT_MAX } ct_reduction;

void ct_release_object(ct_handle);

// Port 0 lets the system choose for a store that serves. It does so at all of the host's addresses, or with `listening` (if
// that is not -1) on a socket that is bound and listens; the store then owns it.
ct_status ct_tcp_store(
    const char *host, uint16_t port, bool serves, int listening, double timeout, ct_handle *store);
uint16_t ct_store_port(ct_handle store);
// With a connection of its own: a call that waits holds up all others on its connection.
ct_status ct_store_clone(ct_handle store, ct_handle *result);
ct_status ct_store_set(ct_handle store, const char *key, ct_bytes value);
// `found` is the value that the key then has, as a tensor of bytes.
ct_status ct_store_set_if_absent(ct_handle store, const char *key, ct_bytes value, ct_handle *found);
ct_status ct_store_wait(ct_handle store, const char *key, double timeout);
ct_status ct_store_has(ct_handle store, const char *key, bool *result);
ct_status ct_store_get(ct_handle store, const char *key, ct_handle *value);

bool ct_has_nccl(void);
// `interface` may be NULL: then connections are made to `address`, which must be this host's.
ct_status ct_gloo_group(
    ct_handle store, const char *prefix, int32_t rank, int32_t size, const char *interface, const char *address,
    double timeout, ct_handle *group);
ct_status ct_nccl_group(
    ct_handle store, const char *prefix, int32_t rank, int32_t size, double timeout, ct_handle *group);

// In place; the tensor must be contiguous and stay as it is until `ct_wait`.
ct_status ct_all_reduce(ct_handle group, ct_handle tensor, ct_reduction, ct_handle *work);
ct_status ct_broadcast(ct_handle group, ct_handle tensor, int32_t root, ct_handle *work);
ct_status ct_wait(ct_handle work);

#ifdef __cplusplus
}
#endif
#endif
