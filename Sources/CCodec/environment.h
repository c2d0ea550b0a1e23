// The rounding and the subnormal numbers that exact arithmetic needs, whatever the thread was set to.
#pragma once

#include <cstdint>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace codec {

/// For as long as it lives, this thread rounds to nearest and keeps subnormal numbers.
class ExactArithmetic {
 public:
#if defined(__x86_64__)
  ExactArithmetic() : before(_mm_getcsr()) { _mm_setcsr(0x1f80); }
  ~ExactArithmetic() { _mm_setcsr(before); }

 private:
  const unsigned before;
#elif defined(__aarch64__)
  ExactArithmetic() {
    asm volatile("mrs %0, fpcr" : "=r"(before));
    asm volatile("msr fpcr, %0" : : "r"(uint64_t(0)));
  }
  ~ExactArithmetic() { asm volatile("msr fpcr, %0" : : "r"(before)); }

 private:
  uint64_t before;
#else
  ExactArithmetic() {}
  ~ExactArithmetic() {}
#endif
  ExactArithmetic(const ExactArithmetic &) = delete;
  ExactArithmetic &operator=(const ExactArithmetic &) = delete;
};

}  // namespace codec
