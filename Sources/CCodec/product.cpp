#include "product.h"

#include <cmath>
#include <cstring>

#include "CCodec.h"

#pragma clang fp contract(off)

namespace codec {

struct Kernel {
  const char *name;
  /// Numbers of a vector, and vectors of a panel; the last panel may have fewer.
  int64_t lanes, vectors;
  void (*multiply)(
      const Product &, const float *rows, int64_t stride, const float *const *starts, int64_t count, float *out);
  bool (*is_supported)();
};

#define CC_NAME portable
#define CC_TARGET
#define CC_LANES 4
#define CC_ROWS 8
#define CC_VECTORS 2
#include "product_kernel.inc"

#if defined(__x86_64__)
#define CC_NAME avx2
#define CC_TARGET __attribute__((target("avx2,fma")))
#define CC_LANES 8
#define CC_ROWS 6
#define CC_VECTORS 2
#include "product_kernel.inc"

#define CC_NAME avx512
#define CC_TARGET __attribute__((target("avx512f")))
#define CC_LANES 16
#define CC_ROWS 8
#define CC_VECTORS 3
#include "product_kernel.inc"
#endif

namespace {

const Kernel kKernels[] = {
    {"portable", portable::kLanes, portable::kVectors, portable::multiply, [] { return true; }},
#if defined(__x86_64__)
    {"avx2", avx2::kLanes, avx2::kVectors, avx2::multiply,
     [] { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }},
    {"avx512", avx512::kLanes, avx512::kVectors, avx512::multiply,
     [] { return __builtin_cpu_supports("avx512f") != 0; }},
#endif
};
constexpr int kCount = sizeof kKernels / sizeof *kKernels;

int64_t padded(int64_t outputs, const Kernel &kernel) {
  return (outputs + kernel.lanes - 1) / kernel.lanes * kernel.lanes;
}

/// The columns of a matrix in panels, row after row in each.
std::vector<float> panels(const float *values, int64_t inner, int64_t outputs, const Kernel &kernel) {
  const int64_t width = padded(outputs, kernel), most = kernel.vectors * kernel.lanes;
  std::vector<float> packed(width * inner, 0);
  for (int64_t start = 0; start < width; start += most) {
    const int64_t columns = width - start < most ? width - start : most;
    for (int64_t k = 0; k < inner; k++) {
      for (int64_t column = start; column < start + columns && column < outputs; column++) {
        packed[start * inner + k * columns + column - start] = values[k * outputs + column];
      }
    }
  }
  return packed;
}

/// Products of odd sizes, with panels of all widths, of numbers of many magnitudes, some of which cancel and some of which are
/// subnormal.
bool agrees(const Kernel &kernel, int64_t outputs) {
  constexpr int64_t kRows = 29, kInner = 67;
  uint64_t state = 1;
  const auto number = [&state] {
    state = state * 6364136223846793005 + 1442695040888963407;
    const uint32_t bits = static_cast<uint32_t>(state >> 32);
    const float fraction = static_cast<float>(static_cast<int32_t>(bits)) * 0x1p-31f;
    return bits % 13 == 0 ? fraction * 0x1p-130f : std::ldexp(fraction, static_cast<int>(bits % 24) - 12);
  };
  std::vector<float> rows(kRows * kInner), values(kInner * outputs);
  for (float &value : rows) value = number();
  for (float &value : values) value = number();
  const int64_t width = padded(outputs, kernel);
  std::vector<float> start(width), out(kRows * width);
  for (float &value : start) value = number();
  const std::vector<float> packed = panels(values.data(), kInner, outputs, kernel);
  const std::vector<const float *> starts(kRows, start.data());
  kernel.multiply({kInner, width, false, packed.data()}, rows.data(), kInner, starts.data(), kRows, out.data());
  for (int64_t row = 0; row < kRows; row++) {
    for (int64_t column = 0; column < outputs; column++) {
      float sum = start[column];
      for (int64_t k = 0; k < kInner; k++) sum = std::fma(rows[row * kInner + k], values[k * outputs + column], sum);
      if (std::memcmp(&sum, &out[row * width + column], sizeof sum) != 0) return false;
    }
  }
  return true;
}

int best_kernel() {
  for (int kernel = kCount - 1; kernel > 0; kernel--) {
    if (cc_kernel_works(kernel)) return kernel;
  }
  return 0;
}

int chosen = -1;

const Kernel &chosen_kernel() {
  static const int best = best_kernel();
  return kKernels[chosen < 0 ? best : chosen];
}

}  // namespace

Matrix::Matrix(const float *values, int64_t inner, int64_t outputs, bool relu)
    : inner(inner), outputs(outputs), kernel(&chosen_kernel()), relu(relu) {
  width = padded(outputs, *kernel);
  packed = panels(values, inner, outputs, *kernel);
}

void Matrix::multiply(
    const float *rows, int64_t stride, const float *const *starts, int64_t count, float *out) const {
  kernel->multiply({inner, width, relu, packed.data()}, rows, stride, starts, count, out);
}

}  // namespace codec

int cc_kernel_count(void) { return codec::kCount; }
const char *cc_kernel_name(int kernel) { return codec::kKernels[kernel].name; }

int cc_kernel_works(int kernel) {
  const codec::Kernel &one = codec::kKernels[kernel];
  return one.is_supported() && codec::agrees(one, 37) && codec::agrees(one, 57) && codec::agrees(one, 70);
}

void cc_kernel_use(int kernel) { codec::chosen = kernel; }
