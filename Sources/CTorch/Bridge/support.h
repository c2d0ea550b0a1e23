// What the shim's files share: handles to and from tensors, and the boundary at which exceptions stop.
#pragma once

#include <ATen/ATen.h>

#include <atomic>
#include <exception>
#include <string>

#include "CTorch.h"
#include "data.h"

namespace ctorch {

extern thread_local std::string last_error;
extern std::atomic<int64_t> live_handles;

template <class Body>
ct_status guarded(Body &&body) noexcept {
  try {
    body();
    return 0;
  } catch (const c10::Error &error) {
    last_error = error.what_without_backtrace();
  } catch (const std::exception &error) {
    last_error = error.what();
  } catch (...) {
    last_error = "unknown failure";
  }
  return 1;
}

inline const at::Tensor &tensor(const ct_handle &handle) {
  static_assert(sizeof(at::Tensor) == sizeof(void *), "a tensor is one pointer");
  return *reinterpret_cast<const at::Tensor *>(&handle.object);
}

inline at::Tensor &mutable_tensor(ct_handle &handle) { return *reinterpret_cast<at::Tensor *>(&handle.object); }

inline ct_handle owned(at::Tensor value) {
  live_handles.fetch_add(1, std::memory_order_relaxed);
  return {value.unsafeReleaseTensorImpl()};
}

inline at::IntArrayRef sizes(ct_shape shape) { return {shape.sizes, shape.count}; }

/// Whether our own kernels take it: float32 or float64 on the CPU, and autograd does not watch.
bool kernels_run(const at::Tensor &);

at::ScalarType scalar_type(ct_dtype);
ct_dtype dtype_code(at::ScalarType);
at::Device device(ct_device);

}  // namespace ctorch
