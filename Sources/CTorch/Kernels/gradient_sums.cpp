// Gradients that several threads found, added up in one pass over memory and in one order.
#include "optimizer.h"

#include "parallel.h"
#include "vectors.h"

using namespace ctorch;

namespace {

/// Numbers that are worth a thread of their own, and those of which all vectors fit into the cache.
constexpr int64_t grain = 65536, piece = 2048;

template <class Scalar>
void take(Scalar *total, const std::vector<Scalar *> &parts, int64_t count) {
  parallel_for((count + piece - 1) / piece, grain / piece, [&](int64_t first, int64_t last) {
    for (int64_t begin = first * piece; begin < std::min(count, last * piece); begin += piece) {
      const int64_t length = std::min(piece, count - begin);
      for (Scalar *part : parts) {
        add(total + begin, part + begin, length);
        std::fill_n(part + begin, length, Scalar(0));
      }
    }
  });
}

}  // namespace

extern "C" {

ct_status ct_take_sums(ct_handle total, const ct_handle *parts, size_t count) {
  return guarded([&] {
    const at::Tensor &sum = tensor(total);
    for (size_t i = 0; i < count; i++) require_vectors_like(sum, {&tensor(parts[i])});
    TORCH_CHECK(runs_kernels(sum), "gradients of several threads are float32 or float64 on the CPU");
    AT_DISPATCH_FLOATING_TYPES(sum.scalar_type(), "take_sums", [&] {
      std::vector<scalar_t *> data;
      for (size_t i = 0; i < count; i++) data.push_back(tensor(parts[i]).mutable_data_ptr<scalar_t>());
      take(sum.mutable_data_ptr<scalar_t>(), data, sum.numel());
    });
  });
}

}  // extern "C"
