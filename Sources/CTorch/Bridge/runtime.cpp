// Process-wide state: errors, handles, devices, threads, generators, autograd modes.
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <c10/core/GradMode.h>
#include <c10/core/InferenceMode.h>
#include <torch/version.h>

#include "parallel.h"
#include "products.h"
#include "support.h"

namespace ctorch {

thread_local std::string last_error;
std::atomic<int64_t> live_handles{0};

namespace {

/// Whether the innermost scope asks for autograd.
thread_local bool is_recording = false;

struct Scope {
  explicit Scope(bool inference) : mode(inference), outer(is_recording) { is_recording = !inference; }
  ~Scope() { is_recording = outer; }
  c10::InferenceMode mode;
  bool outer;
};

}  // namespace

bool kernels_run(const at::Tensor &t) {
  return t.is_cpu() && (t.scalar_type() == at::kFloat || t.scalar_type() == at::kDouble) && !is_recording &&
      !(c10::GradMode::is_enabled() && t.requires_grad());
}

at::ScalarType scalar_type(ct_dtype type) {
  switch (type) {
    case CT_UINT8: return at::kByte;
    case CT_INT32: return at::kInt;
    case CT_INT64: return at::kLong;
    case CT_FLOAT16: return at::kHalf;
    case CT_BFLOAT16: return at::kBFloat16;
    case CT_FLOAT32: return at::kFloat;
    case CT_FLOAT64: return at::kDouble;
    case CT_BOOL: return at::kBool;
  }
  TORCH_CHECK(false, "unknown element type ", static_cast<int>(type));
}

ct_dtype dtype_code(at::ScalarType type) {
  switch (type) {
    case at::kByte: return CT_UINT8;
    case at::kInt: return CT_INT32;
    case at::kLong: return CT_INT64;
    case at::kHalf: return CT_FLOAT16;
    case at::kBFloat16: return CT_BFLOAT16;
    case at::kDouble: return CT_FLOAT64;
    case at::kBool: return CT_BOOL;
    default: return CT_FLOAT32;
  }
}

at::Device device(ct_device d) {
  switch (d.kind) {
    case CT_CUDA: return at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(d.index));
    case CT_MPS: return at::Device(at::kMPS);
    default: return at::Device(at::kCPU);
  }
}

static at::Generator generator(ct_handle handle) {
  return at::Generator(c10::intrusive_ptr<c10::GeneratorImpl>::reclaim_copy(
      static_cast<c10::GeneratorImpl *>(handle.object)));
}

}  // namespace ctorch

using namespace ctorch;

extern "C" {

const char *ct_last_error(void) { return last_error.c_str(); }

void ct_release(ct_handle handle) {
  if (handle.object == nullptr) return;
  live_handles.fetch_sub(1, std::memory_order_relaxed);
  mutable_tensor(handle).reset();
}

void ct_release_generator(ct_handle handle) {
  live_handles.fetch_sub(1, std::memory_order_relaxed);
  c10::intrusive_ptr<c10::GeneratorImpl>::reclaim(static_cast<c10::GeneratorImpl *>(handle.object)).reset();
}

int64_t ct_live_handles(void) { return live_handles.load(); }

const char *ct_header_version(void) { return TORCH_VERSION; }

const char *ct_build_description(void) {
  static const std::string text = at::show_config();
  return text.c_str();
}

bool ct_device_available(ct_device_kind kind) {
  switch (kind) {
    case CT_CUDA: return at::hasCUDA();
    case CT_MPS: return at::hasMPS();
    default: return true;
  }
}

int32_t ct_cuda_device_count(void) { return at::hasCUDA() ? static_cast<int32_t>(at::getNumGPUs()) : 0; }

bool ct_has_bfloat16_products(void) { return has_bfloat16_products(); }

bool ct_allow_tf32(bool allow) {
  at::Context &context = at::globalContext();
  const bool before = context.float32Precision(at::Float32Backend::CUDA, at::Float32Op::MATMUL) == at::Float32Precision::TF32;
  context.setFloat32Precision(
      at::Float32Backend::CUDA, at::Float32Op::MATMUL, allow ? at::Float32Precision::TF32 : at::Float32Precision::IEEE);
  return before;
}

bool ct_kernels_run(ct_handle t) { return kernels_run(tensor(t)); }

int32_t ct_thread_count(void) { return at::get_num_threads(); }
ct_status ct_set_thread_count(int32_t count) {
  return guarded([&] { at::set_num_threads(count); });
}
void ct_side_by_side(int32_t count, void (*body)(void *context, int32_t index), void *context) {
  side_by_side(count, [&](int64_t index) { body(context, static_cast<int32_t>(index)); });
}
ct_status ct_manual_seed(uint64_t seed) {
  return guarded([&] { at::manual_seed(seed); });
}
void *ct_begin_scope(bool inference) { return new Scope(inference); }
void ct_end_scope(void *scope) { delete static_cast<Scope *>(scope); }

ct_status ct_generator(ct_device where, uint64_t seed, ct_handle *result) {
  return guarded([&] {
    at::Device d = device(where);
    at::Generator made = d.is_cpu()
        ? at::detail::createCPUGenerator(seed)
        : at::globalContext().defaultGenerator(d).clone();
    made.set_current_seed(seed);
    live_handles.fetch_add(1, std::memory_order_relaxed);
    *result = {made.unsafeReleaseGeneratorImpl()};
  });
}
ct_status ct_generator_state(ct_handle g, ct_handle *result) {
  return guarded([&] { *result = owned(generator(g).get_state()); });
}
ct_status ct_set_generator_state(ct_handle g, ct_handle state) {
  return guarded([&] { generator(g).set_state(tensor(state)); });
}

static c10::optional<at::Generator> optional_generator(ct_handle g) {
  if (g.object == nullptr) return c10::nullopt;
  return generator(g);
}

ct_status ct_randn(ct_handle g, ct_dtype type, ct_shape shape, ct_device where, ct_handle *result) {
  return guarded([&] {
    const at::TensorOptions options = at::TensorOptions(scalar_type(type)).device(device(where));
    *result = owned(at::randn(sizes(shape), optional_generator(g), options));
  });
}
ct_status ct_rand(ct_handle g, ct_dtype type, ct_shape shape, ct_device where, ct_handle *result) {
  return guarded([&] {
    const at::TensorOptions options = at::TensorOptions(scalar_type(type)).device(device(where));
    *result = owned(at::rand(sizes(shape), optional_generator(g), options));
  });
}
ct_status ct_randperm(ct_handle g, int64_t count, ct_handle *result) {
  return guarded([&] { *result = owned(at::randperm(count, optional_generator(g), at::TensorOptions(at::kLong))); });
}

}  // extern "C"
