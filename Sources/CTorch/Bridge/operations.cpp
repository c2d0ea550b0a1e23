// The operations we use, each a call of the libtorch function of the same name.
#include <torch/csrc/autograd/autograd.h>

#include <cstring>

#include "support.h"

using namespace ctorch;

#define RESULT(expression) guarded([&] { *result = owned(expression); })
#define IN_PLACE(statement) guarded([&] { statement; })

static at::TensorOptions options(ct_dtype type, ct_device where) {
  return at::TensorOptions(scalar_type(type)).device(device(where));
}

extern "C" {

// Creation

ct_status ct_from_bytes(
    const void *bytes, size_t count, ct_dtype type, ct_shape shape, ct_device where, ct_handle *result) {
  return guarded([&] {
    at::Tensor made = at::empty(sizes(shape), at::TensorOptions(scalar_type(type)));
    TORCH_CHECK(made.nbytes() == count, "expected ", made.nbytes(), " bytes, got ", count);
    if (count > 0) std::memcpy(made.data_ptr(), bytes, count);
    *result = owned(made.to(device(where)));
  });
}
ct_status ct_full(double value, ct_dtype type, ct_shape shape, ct_device where, ct_handle *result) {
  return RESULT(at::full(sizes(shape), value, options(type, where)));
}
ct_status ct_empty(ct_dtype type, ct_shape shape, ct_device where, ct_handle *result) {
  return RESULT(at::empty(sizes(shape), options(type, where)));
}
ct_status ct_arange(int64_t count, ct_dtype type, ct_device where, ct_handle *result) {
  return RESULT(at::arange(count, options(type, where)));
}
ct_status ct_eye(int64_t size, ct_dtype type, ct_device where, ct_handle *result) {
  return RESULT(at::eye(size, options(type, where)));
}

// What a tensor is

int32_t ct_rank(ct_handle t) { return static_cast<int32_t>(tensor(t).dim()); }
void ct_sizes(ct_handle t, int64_t *out) {
  at::IntArrayRef s = tensor(t).sizes();
  std::copy(s.begin(), s.end(), out);
}
ct_dtype ct_dtype_of(ct_handle t) { return dtype_code(tensor(t).scalar_type()); }
ct_device ct_device_of(ct_handle t) {
  at::Device d = tensor(t).device();
  return {d.is_cuda() ? CT_CUDA : d.is_mps() ? CT_MPS : CT_CPU, d.has_index() ? d.index() : 0};
}
bool ct_is_contiguous(ct_handle t) { return tensor(t).is_contiguous(); }
bool ct_same_storage(ct_handle a, ct_handle b) { return tensor(a).is_alias_of(tensor(b)); }
ct_status ct_copy_bytes(ct_handle t, void *bytes, size_t count) {
  return guarded([&] {
    at::Tensor source = tensor(t).detach().to(at::kCPU).contiguous();
    TORCH_CHECK(source.nbytes() == count, "expected room for ", source.nbytes(), " bytes, got ", count);
    if (count > 0) std::memcpy(bytes, source.data_ptr(), count);
  });
}
ct_status ct_renew_bytes(const ct_handle *tensors, size_t count, void *bytes, size_t byte_count, bool *are_same) {
  return guarded([&] {
    *are_same = true;
    auto *place = static_cast<char *>(bytes), *end = place + byte_count;
    for (size_t i = 0; i < count; i++) {
      const at::Tensor &source = tensor(tensors[i]);
      const size_t size = source.nbytes();
      TORCH_CHECK(source.device().is_cpu() && source.is_contiguous(), "expected contiguous tensors on the CPU");
      TORCH_CHECK(size <= size_t(end - place), "expected tensors of ", byte_count, " bytes");
      if (size > 0 && std::memcmp(place, source.const_data_ptr(), size) != 0) {
        *are_same = false;
        std::memcpy(place, source.const_data_ptr(), size);
      }
      place += size;
    }
    TORCH_CHECK(place == end, "expected tensors of ", byte_count, " bytes");
  });
}
ct_status ct_to(ct_handle t, ct_dtype type, ct_device where, ct_handle *result) {
  return RESULT(tensor(t).to(device(where), scalar_type(type)));
}

// Shape

ct_status ct_reshape(ct_handle t, ct_shape shape, ct_handle *result) { return RESULT(tensor(t).reshape(sizes(shape))); }
ct_status ct_permute(ct_handle t, ct_shape order, ct_handle *result) { return RESULT(tensor(t).permute(sizes(order))); }
ct_status ct_narrow(ct_handle t, int64_t dim, int64_t start, int64_t length, ct_handle *result) {
  return RESULT(tensor(t).narrow(dim, start, length));
}
ct_status ct_index_select(ct_handle t, int64_t dim, ct_handle indices, ct_handle *result) {
  return RESULT(tensor(t).index_select(dim, tensor(indices)));
}
ct_status ct_index_add_(ct_handle t, int64_t dim, ct_handle indices, ct_handle source) {
  return IN_PLACE(mutable_tensor(t).index_add_(dim, tensor(indices), tensor(source)));
}
ct_status ct_cat(const ct_handle *tensors, size_t count, int64_t dim, ct_handle *result) {
  return guarded([&] {
    std::vector<at::Tensor> list;
    for (size_t i = 0; i < count; i++) list.push_back(tensor(tensors[i]));
    *result = owned(at::cat(list, dim));
  });
}
ct_status ct_expand(ct_handle t, ct_shape shape, ct_handle *result) { return RESULT(tensor(t).expand(sizes(shape))); }
ct_status ct_flip(ct_handle t, ct_shape dims, ct_handle *result) { return RESULT(tensor(t).flip(sizes(dims))); }
ct_status ct_contiguous(ct_handle t, ct_handle *result) { return RESULT(tensor(t).contiguous()); }
ct_status ct_clone(ct_handle t, ct_handle *result) { return RESULT(tensor(t).clone(at::MemoryFormat::Contiguous)); }
ct_status ct_detach(ct_handle t, ct_handle *result) { return RESULT(tensor(t).detach()); }

// Elementwise

#define DEFINE_UNARY(name) \
  ct_status ct_##name(ct_handle t, ct_handle *result) { return RESULT(at::name(tensor(t))); }
CT_UNARY(DEFINE_UNARY)

#define DEFINE_BINARY(name) \
  ct_status ct_##name(ct_handle a, ct_handle b, ct_handle *result) { return RESULT(at::name(tensor(a), tensor(b))); }
CT_BINARY(DEFINE_BINARY)

ct_status ct_add_scalar(ct_handle t, double s, ct_handle *result) { return RESULT(tensor(t).add(s)); }
ct_status ct_mul_scalar(ct_handle t, double s, ct_handle *result) { return RESULT(tensor(t).mul(s)); }
ct_status ct_div_into(double s, ct_handle t, ct_handle *result) { return RESULT(tensor(t).reciprocal().mul(s)); }
ct_status ct_clamp(ct_handle t, double low, double high, ct_handle *result) {
  return RESULT(tensor(t).clamp(low, high));
}
ct_status ct_relu_backward(ct_handle gradient, ct_handle output, ct_handle *result) {
  return RESULT(at::threshold_backward(tensor(gradient), tensor(output), 0));
}

// In place

ct_status ct_zero_(ct_handle t) { return IN_PLACE(mutable_tensor(t).zero_()); }
ct_status ct_relu_(ct_handle t) { return IN_PLACE(mutable_tensor(t).relu_()); }
ct_status ct_copy_(ct_handle t, ct_handle source) { return IN_PLACE(mutable_tensor(t).copy_(tensor(source))); }
ct_status ct_add_(ct_handle t, ct_handle other, double alpha) {
  return IN_PLACE(mutable_tensor(t).add_(tensor(other), alpha));
}
ct_status ct_mul_(ct_handle t, ct_handle other) { return IN_PLACE(mutable_tensor(t).mul_(tensor(other))); }
ct_status ct_mul_scalar_(ct_handle t, double s) { return IN_PLACE(mutable_tensor(t).mul_(s)); }
ct_status ct_lerp_(ct_handle t, ct_handle end, double weight) {
  return IN_PLACE(mutable_tensor(t).lerp_(tensor(end), weight));
}

// Products and convolution

ct_status ct_matmul(ct_handle a, ct_handle b, ct_handle *result) { return RESULT(at::matmul(tensor(a), tensor(b))); }
ct_status ct_addmm(ct_handle bias, ct_handle a, ct_handle b, ct_handle *result) {
  return RESULT(at::addmm(tensor(bias), tensor(a), tensor(b)));
}
ct_status ct_addmm_(ct_handle t, ct_handle a, ct_handle b) {
  return IN_PLACE(mutable_tensor(t).addmm_(tensor(a), tensor(b)));
}
ct_status ct_conv2d(ct_handle input, ct_handle weight, ct_handle bias, int64_t padding, ct_handle *result) {
  return guarded([&] {
    c10::optional<at::Tensor> b;
    if (bias.object != nullptr) b = tensor(bias);
    *result = owned(at::conv2d(tensor(input), tensor(weight), b, 1, padding));
  });
}
ct_status ct_conv2d_backward(
    ct_handle gradient, ct_handle input, ct_handle weight, int64_t padding, ct_handle *input_gradient,
    ct_handle *weight_gradient, ct_handle *bias_gradient) {
  return guarded([&] {
    const int64_t outputs[] = {tensor(weight).size(0)}, zero[] = {0, 0}, one[] = {1, 1}, pad[] = {padding, padding};
    auto [gi, gw, gb] = at::convolution_backward(
        tensor(gradient), tensor(input), tensor(weight), at::IntArrayRef(outputs), one, pad, one, false, zero, 1,
        {true, true, true});
    *input_gradient = owned(gi);
    *weight_gradient = owned(gw);
    *bias_gradient = owned(gb);
  });
}

ct_status ct_batch_norm(
    ct_handle input, ct_handle bias, double epsilon, ct_handle *result, ct_handle *mean, ct_handle *inverse_deviation) {
  return guarded([&] {
    c10::optional<at::Tensor> b;
    if (bias.object != nullptr) b = tensor(bias);
    auto [y, m, r] = at::native_batch_norm(tensor(input), {}, b, {}, {}, true, 0, epsilon);
    *result = owned(y);
    *mean = owned(m);
    *inverse_deviation = owned(r);
  });
}
ct_status ct_batch_norm_backward(
    ct_handle gradient, ct_handle input, ct_handle mean, ct_handle inverse_deviation, double epsilon,
    ct_handle *input_gradient, ct_handle *bias_gradient) {
  return guarded([&] {
    auto [gi, gw, gb] = at::native_batch_norm_backward(
        tensor(gradient), tensor(input), {}, {}, {}, tensor(mean), tensor(inverse_deviation), true, epsilon,
        {true, false, true});
    *input_gradient = owned(gi);
    *bias_gradient = owned(gb);
  });
}

// Reductions

using Reduction = at::Tensor (*)(const at::Tensor &, at::IntArrayRef, bool);

static at::Tensor over(const at::Tensor &t, ct_shape dims, bool keep, Reduction reduce) {
  if (dims.count > 0) return reduce(t, sizes(dims), keep);
  std::vector<int64_t> all(t.dim());
  for (size_t i = 0; i < all.size(); i++) all[i] = static_cast<int64_t>(i);
  return reduce(t, all, keep);
}
#define DEFINE_REDUCTION(name, expression)                                                    \
  ct_status ct_##name(ct_handle t, ct_shape dims, bool keep, ct_handle *result) {             \
    return RESULT(over(tensor(t), dims, keep,                                                 \
                       [](const at::Tensor &x, at::IntArrayRef d, bool k) { return expression; })); \
  }
DEFINE_REDUCTION(sum, at::sum(x, d, k))
DEFINE_REDUCTION(mean, at::mean(x, d, k))
DEFINE_REDUCTION(variance, at::var(x, d, false, k))
DEFINE_REDUCTION(amin, at::amin(x, d, k))
DEFINE_REDUCTION(amax, at::amax(x, d, k))
ct_status ct_norm(ct_handle t, ct_handle *result) { return RESULT(at::linalg_vector_norm(tensor(t))); }
ct_status ct_argmax(ct_handle t, int64_t dim, ct_handle *result) { return RESULT(tensor(t).argmax(dim)); }
ct_status ct_logsumexp(ct_handle t, int64_t dim, ct_handle *result) { return RESULT(tensor(t).logsumexp(dim)); }
ct_status ct_log_softmax(ct_handle t, int64_t dim, ct_handle *result) { return RESULT(tensor(t).log_softmax(dim)); }

// Small matrices

ct_status ct_tril(ct_handle t, int64_t diagonal, ct_handle *result) { return RESULT(tensor(t).tril(diagonal)); }
ct_status ct_triu(ct_handle t, int64_t diagonal, ct_handle *result) { return RESULT(tensor(t).triu(diagonal)); }
ct_status ct_diag(ct_handle t, ct_handle *result) { return RESULT(tensor(t).diag()); }
ct_status ct_inverse(ct_handle t, ct_handle *result) {
  return guarded([&] {
    // On a GPU the check would wait for the device; what is singular gives numbers that are not finite.
    const bool check = tensor(t).is_cpu();
    *result = owned(check ? at::linalg_inv(tensor(t)) : std::get<0>(at::linalg_inv_ex(tensor(t), false)));
  });
}
ct_status ct_slogdet(ct_handle t, ct_handle *sign, ct_handle *log_abs_det) {
  return guarded([&] {
    auto [s, l] = at::linalg_slogdet(tensor(t));
    *sign = owned(s);
    *log_abs_det = owned(l);
  });
}
ct_status ct_singular_values(ct_handle t, ct_handle *result) { return RESULT(at::linalg_svdvals(tensor(t))); }
ct_status ct_qr(ct_handle t, ct_handle *q, ct_handle *r) {
  return guarded([&] {
    auto [orthogonal, upper] = at::linalg_qr(tensor(t));
    *q = owned(orthogonal);
    *r = owned(upper);
  });
}
ct_status ct_plu(ct_handle t, ct_handle *p, ct_handle *l, ct_handle *u) {
  return guarded([&] {
    auto [permutation, lower, upper] = at::linalg_lu(tensor(t));
    *p = owned(permutation);
    *l = owned(lower);
    *u = owned(upper);
  });
}

// Gradients

// What was made without autograd's bookkeeping cannot take part, so a leaf on it is a copy.
ct_status ct_leaf(ct_handle t, ct_handle *result) {
  return guarded([&] {
    at::Tensor leaf = tensor(t).is_inference() ? tensor(t).clone() : tensor(t).detach();
    *result = owned(leaf.set_requires_grad(true));
  });
}
ct_status ct_gradients(
    const ct_handle *outputs, const ct_handle *cotangents, size_t output_count, const ct_handle *inputs,
    size_t input_count, ct_handle *results) {
  return guarded([&] {
    torch::autograd::variable_list from, weights, to;
    for (size_t i = 0; i < output_count; i++) {
      from.push_back(tensor(outputs[i]));
      weights.push_back(tensor(cotangents[i]));
    }
    for (size_t i = 0; i < input_count; i++) to.push_back(tensor(inputs[i]));
    auto gradients = torch::autograd::grad(from, to, weights, c10::nullopt, false, true);
    for (size_t i = 0; i < input_count; i++)
      results[i] = gradients[i].defined() ? owned(gradients[i]) : ct_handle{nullptr};
  });
}

}  // extern "C"
