#include "product.h"

#include <cmath>
#include <cstring>

#include "CCodec.h"

#pragma clang fp contract(off)

namespace codec {

struct Kernel {
  const char *name;
  int64_t columns;
  void (*multiply)(
      const Product &, const float *rows, int64_t stride, const float *const *starts, int64_t count, float *out);
  bool (*is_supported)();
};

#define CC_NAME portable
#define CC_TARGET
#define CC_LANES 4
#define CC_ROWS 8
#include "product_kernel.inc"

#if defined(__x86_64__)
#define CC_NAME avx2
#define CC_TARGET __attribute__((target("avx2,fma")))
#define CC_LANES 8
#define CC_ROWS 6
#include "product_kernel.inc"

#define CC_NAME avx512
#define CC_TARGET __attribute__((target("avx512f")))
#define CC_LANES 16
#define CC_ROWS 12
#include "product_kernel.inc"
#endif

namespace {

const Kernel kKernels[] = {
    {"portable", portable::kColumns, portable::multiply, [] { return true; }},
#if defined(__x86_64__)
    {"avx2", avx2::kColumns, avx2::multiply,
     [] { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }},
    {"avx512", avx512::kColumns, avx512::multiply, [] { return __builtin_cpu_supports("avx512f") != 0; }},
#endif
};
constexpr int kCount = sizeof kKernels / sizeof *kKernels;

/// A product of odd sizes with numbers of many magnitudes, some of which cancel and some of which are subnormal.
bool agrees(const Kernel &kernel) {
  constexpr int64_t kRows = 29, kInner = 67, kOutputs = 37;
  uint64_t state = 1;
  const auto number = [&state] {
    state = state * 6364136223846793005 + 1442695040888963407;
    const uint32_t bits = static_cast<uint32_t>(state >> 32);
    const float fraction = static_cast<float>(static_cast<int32_t>(bits)) * 0x1p-31f;
    return bits % 13 == 0 ? fraction * 0x1p-130f : std::ldexp(fraction, static_cast<int>(bits % 24) - 12);
  };
  std::vector<float> rows(kRows * kInner), values(kInner * kOutputs);
  for (float &value : rows) value = number();
  for (float &value : values) value = number();
  const int64_t width = (kOutputs + kernel.columns - 1) / kernel.columns * kernel.columns;
  std::vector<float> start(width), out(kRows * width), packed(width * kInner);
  for (float &value : start) value = number();
  for (int64_t column = 0; column < kOutputs; column++) {
    const int64_t panel = column / kernel.columns * kernel.columns;
    for (int64_t k = 0; k < kInner; k++) {
      packed[panel * kInner + k * kernel.columns + column - panel] = values[k * kOutputs + column];
    }
  }
  const std::vector<const float *> starts(kRows, start.data());
  kernel.multiply({kInner, width, false, packed.data()}, rows.data(), kInner, starts.data(), kRows, out.data());
  for (int64_t row = 0; row < kRows; row++) {
    for (int64_t column = 0; column < kOutputs; column++) {
      float sum = start[column];
      for (int64_t k = 0; k < kInner; k++) sum = std::fma(rows[row * kInner + k], values[k * kOutputs + column], sum);
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
  const int64_t columns = kernel->columns;
  width = (outputs + columns - 1) / columns * columns;
  packed.assign(width * inner, 0);
  for (int64_t k = 0; k < inner; k++) {
    for (int64_t column = 0; column < outputs; column++) {
      const int64_t panel = column / columns * columns;
      packed[panel * inner + k * columns + column - panel] = values[k * outputs + column];
    }
  }
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
  return one.is_supported() && codec::agrees(one);
}

void cc_kernel_use(int kernel) { codec::chosen = kernel; }
