// c10d's stores and process groups: Gloo for tensors on CPUs, NCCL for those on NVIDIA GPUs where libtorch was built with it.
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#ifdef USE_C10D_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif

#include <c10/util/Logging.h>

#include <cstdlib>

#include "support.h"

using namespace ctorch;

namespace {

using Milliseconds = std::chrono::milliseconds;

Milliseconds milliseconds(double seconds) { return Milliseconds(static_cast<int64_t>(seconds * 1000)); }

template <class T>
ct_handle owned_object(c10::intrusive_ptr<T> object) {
  return {static_cast<torch::CustomClassHolder *>(object.release())};
}

template <class T>
T &object(ct_handle handle) {
  return *static_cast<T *>(static_cast<torch::CustomClassHolder *>(handle.object));
}

/// Another reference to what `handle` owns.
template <class T>
c10::intrusive_ptr<T> shared(ct_handle handle) {
  return c10::intrusive_ptr<T>::unsafe_reclaim_from_nonowning(&object<T>(handle));
}

std::vector<uint8_t> bytes(ct_bytes value) { return {value.first, value.first + value.count}; }

ct_handle byte_tensor(const std::vector<uint8_t> &value) {
  at::Tensor result = at::empty({static_cast<int64_t>(value.size())}, at::kByte);
  std::copy(value.begin(), value.end(), result.data_ptr<uint8_t>());
  return owned(result);
}

/// c10d writes each lost connection to standard error, with a stack trace; here failures are thrown. Who sets libtorch's own
/// variable wants to read it.
void silence_logging() {
  static const bool done = [] {
    if (!std::getenv("TORCH_CPP_LOG_LEVEL")) FLAGS_caffe2_log_level = c10::GLOG_FATAL;
    return true;
  }();
  (void)done;
}

c10d::ReduceOp reduce_op(ct_reduction reduction) {
  return reduction == CT_SUM ? c10d::ReduceOp::SUM : c10d::ReduceOp::MAX;
}

}  // namespace

extern "C" {

void ct_release_object(ct_handle handle) {
  c10::intrusive_ptr<torch::CustomClassHolder>::reclaim(static_cast<torch::CustomClassHolder *>(handle.object));
}

ct_status ct_tcp_store(const char *host, uint16_t port, bool serves, int listening, double timeout, ct_handle *store) {
  return guarded([&] {
    silence_logging();
    c10d::TCPStoreOptions options;
    options.port = port;
    options.isServer = serves;
    options.waitWorkers = false;
    if (listening >= 0) options.masterListenFd = listening;
    options.timeout = milliseconds(timeout);
    *store = owned_object(c10::make_intrusive<c10d::TCPStore>(host, options));
  });
}

uint16_t ct_store_port(ct_handle store) { return object<c10d::TCPStore>(store).getPort(); }

ct_status ct_store_clone(ct_handle store, ct_handle *result) {
  return guarded([&] { *result = owned_object(object<c10d::Store>(store).clone()); });
}

ct_status ct_store_set(ct_handle store, const char *key, ct_bytes value) {
  return guarded([&] { object<c10d::Store>(store).set(key, bytes(value)); });
}

ct_status ct_store_set_if_absent(ct_handle store, const char *key, ct_bytes value, ct_handle *found) {
  return guarded([&] { *found = byte_tensor(object<c10d::Store>(store).compareSet(key, {}, bytes(value))); });
}

ct_status ct_store_wait(ct_handle store, const char *key, double timeout) {
  return guarded([&] { object<c10d::Store>(store).wait({key}, milliseconds(timeout)); });
}

ct_status ct_store_has(ct_handle store, const char *key, bool *result) {
  return guarded([&] { *result = object<c10d::Store>(store).check({key}); });
}

ct_status ct_store_get(ct_handle store, const char *key, ct_handle *value) {
  return guarded([&] { *value = byte_tensor(object<c10d::Store>(store).get(key)); });
}

bool ct_has_nccl(void) {
#ifdef USE_C10D_NCCL
  return true;
#else
  return false;
#endif
}

ct_status ct_gloo_group(
    ct_handle store, const char *prefix, int32_t rank, int32_t size, const char *interface, const char *address,
    double timeout, ct_handle *group) {
  return guarded([&] {
    auto options = c10d::ProcessGroupGloo::Options::create(milliseconds(timeout));
    options->devices.push_back(
        interface ? c10d::ProcessGroupGloo::createDeviceForInterface(interface)
                  : c10d::ProcessGroupGloo::createDeviceForHostname(address));
    auto own = c10::make_intrusive<c10d::PrefixStore>(prefix, shared<c10d::Store>(store));
    *group = owned_object(c10::make_intrusive<c10d::ProcessGroupGloo>(own, rank, size, options));
  });
}

ct_status ct_nccl_group(
    ct_handle store, const char *prefix, int32_t rank, int32_t size, double timeout, ct_handle *group) {
  return guarded([&] {
#ifdef USE_C10D_NCCL
    auto options = c10d::ProcessGroupNCCL::Options::create();
    options->timeout = milliseconds(timeout);
    auto own = c10::make_intrusive<c10d::PrefixStore>(prefix, shared<c10d::Store>(store));
    *group = owned_object(c10::make_intrusive<c10d::ProcessGroupNCCL>(own, rank, size, options));
#else
    TORCH_CHECK(false, "the program was built without NCCL");
#endif
  });
}

ct_status ct_all_reduce(ct_handle group, ct_handle t, ct_reduction reduction, ct_handle *work) {
  return guarded([&] {
    std::vector<at::Tensor> tensors{tensor(t)};
    c10d::AllreduceOptions options;
    options.reduceOp = reduce_op(reduction);
    *work = owned_object(object<c10d::Backend>(group).allreduce(tensors, options));
  });
}

ct_status ct_broadcast(ct_handle group, ct_handle t, int32_t root, ct_handle *work) {
  return guarded([&] {
    std::vector<at::Tensor> tensors{tensor(t)};
    c10d::BroadcastOptions options;
    options.rootRank = root;
    *work = owned_object(object<c10d::Backend>(group).broadcast(tensors, options));
  });
}

ct_status ct_wait(ct_handle work) {
  return guarded([&] { object<c10d::Work>(work).wait(); });
}

}  // extern "C"
