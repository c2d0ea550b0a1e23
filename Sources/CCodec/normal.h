// A standard normal number on a grid, as a symbol of one static table and raw bits.
#pragma once

#include <array>

#include "stack.h"

namespace codec {

/// Bins of an eighth of a standard deviation below 8, by one table of 16 bits for all models: no error function is needed where
/// files are read. It costs 0.0013 bits a number over the density.
class NormalTable {
 public:
  static constexpr int kBins = 128, kEscape = kBins, kBinBits = 3, kEscapeBits = 28;

  static const NormalTable &shared() {
    static const NormalTable table;
    return table;
  }

  void push(Stack &stack, int32_t number, int grid_bits) const {
    const int raw = grid_bits - kBinBits;
    const int32_t bin = (number >> raw) + kBins / 2;
    if (bin < 0 || bin >= kBins) {
      const int64_t beyond = (number < 0 ? -int64_t(number) - 1 : int64_t(number)) - (int64_t(kBins / 2) << raw);
      stack.push(static_cast<uint64_t>(beyond << 1 | (number < 0)), escapes(raw));
      stack.push_mass(starts[kEscape], masses[kEscape]);
      return;
    }
    stack.push_bits(static_cast<uint64_t>(number) & ((uint64_t(1) << raw) - 1), raw);
    stack.push_mass(starts[bin], masses[bin]);
  }

  int32_t pop(Stack &stack, int grid_bits) const {
    const int symbol = symbols[stack.place()];
    stack.pop_mass(starts[symbol], masses[symbol]);
    const int raw = grid_bits - kBinBits;
    if (symbol == kEscape) {
      const int64_t found = static_cast<int64_t>(stack.pop(escapes(raw)));
      const int64_t size = (found >> 1) + (int64_t(kBins / 2) << raw);
      return static_cast<int32_t>(found & 1 ? -size - 1 : size);
    }
    return ((symbol - kBins / 2) << raw) + static_cast<int32_t>(stack.pop_bits(raw));
  }

 private:
  /// Of the bins from 0 up; those below 0 mirror them. In proportion to the normal distribution, at least 1, and with the
  /// escape's 2 they make 65536.
  static constexpr std::array<uint16_t, kBins / 2> kMasses = {
    3257, 3206, 3107, 2965, 2786, 2577, 2346, 2104, 1857, 1614, 1380, 1163, 964, 787, 633, 501,
    390, 299, 226, 168, 123, 89, 63, 44, 30, 20, 14, 9, 6, 4, 2, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
  };

  /// Numbers of 28 bits that lie beyond the bins.
  static uint64_t escapes(int raw) { return (uint64_t(1) << kEscapeBits) - (uint64_t(kBins) << raw); }

  NormalTable() {
    uint32_t start = 0;
    for (int bin = 0; bin <= kBins; bin++) {
      const int half = kBins / 2;
      masses[bin] = bin == kEscape ? 2 : kMasses[bin < half ? half - 1 - bin : bin - half];
      starts[bin] = start;
      for (uint32_t place = start; place < start + masses[bin]; place++) symbols[place] = static_cast<uint8_t>(bin);
      start += masses[bin];
    }
  }

  std::array<uint32_t, kBins + 1> starts, masses;
  std::array<uint8_t, 1 << Stack::kTable> symbols;
};

}  // namespace codec
