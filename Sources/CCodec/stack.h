// A last-in-first-out entropy coder for symbols of any base, and of tables, on one state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace codec {

/// The pseudo-random words below a stack: word i depends on the key and i alone (SplitMix64, Steele et al. 2014).
inline uint16_t drawn_word(uint64_t key, uint64_t index) {
  uint64_t z = key + (index + 1) * 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return static_cast<uint16_t>((z ^ (z >> 31)) >> 48);
}

/// The state x lies in 2^31 ..< 2^47; words of 16 bits leave it and come back. A push of r to base R makes x R + r, a pop
/// divides by R: each undoes the other exactly, whatever R is (the uniform coder of Zhang et al. 2021, iFlow).
class Stack {
 public:
  static constexpr int kWord = 16, kLow = 31, kHigh = kLow + kWord;
  static constexpr uint64_t kFirst = uint64_t(1) << kLow;
  /// The sum of a table's masses.
  static constexpr int kTable = 16;

  explicit Stack(uint64_t key) : key(key) {}

  void push(uint64_t symbol, uint64_t base) {
    if (base <= uint64_t(1) << kWord) {
      uint64_t y = state * base + symbol;
      if (y >> kHigh) {
        words.push_back(static_cast<uint16_t>(y));
        y >>= kWord;
      }
      state = y;
    } else {
      push_wide(symbol, base);
    }
  }

  uint64_t pop(uint64_t base) {
    if (base > uint64_t(1) << kWord) return pop_wide(base);
    uint64_t y = state;
    if (y < base << kLow) y = y << kWord | take();
    state = y / base;
    return y - state * base;
  }

  /// The same for a base of 2^bits.
  void push_bits(uint64_t symbol, int bits) { push(symbol, uint64_t(1) << bits); }

  uint64_t pop_bits(int bits) {
    if (bits > kWord) return pop_wide(uint64_t(1) << bits);
    uint64_t y = state;
    if (y < uint64_t(1) << (kLow + bits)) y = y << kWord | take();
    state = y >> bits;
    return y & ((uint64_t(1) << bits) - 1);
  }

  /// A symbol of a table, of which `start` and `mass` are out of 2^kTable.
  void push_mass(uint32_t start, uint32_t mass) {
    if (state >= uint64_t(mass) << (kHigh - kTable)) {
      words.push_back(static_cast<uint16_t>(state));
      state >>= kWord;
    }
    const uint64_t quotient = state / mass;
    state = (quotient << kTable) + (state - quotient * mass) + start;
  }

  /// Where in a table the next symbol lies.
  uint32_t place() const { return static_cast<uint32_t>(state) & ((1u << kTable) - 1); }

  void pop_mass(uint32_t start, uint32_t mass) {
    state = mass * (state >> kTable) + place() - start;
    if (state < kFirst) state = state << kWord | take();
  }

  /// From here on a stack remembers what it needs to go back to where it is.
  void mark() {
    marked_state = state;
    marked_drawn = drawn;
    lowest = words.size();
    taken.clear();
  }

  void go_back() {
    words.resize(lowest);
    words.insert(words.end(), taken.rbegin(), taken.rend());
    state = marked_state;
    drawn = marked_drawn;
  }

  uint64_t key;
  uint64_t state = kFirst;
  std::vector<uint16_t> words;
  /// How many pseudo-random words have been drawn.
  size_t drawn = 0;

 private:
  uint16_t take() {
    if (words.empty()) return drawn_word(key, drawn++);
    const uint16_t word = words.back();
    words.pop_back();
    if (words.size() < lowest) {
      lowest = words.size();
      taken.push_back(word);
    }
    return word;
  }

  void push_wide(uint64_t symbol, uint64_t base) {
    unsigned __int128 y = static_cast<unsigned __int128>(state) * base + symbol;
    while (y >> kHigh) {
      words.push_back(static_cast<uint16_t>(y));
      y >>= kWord;
    }
    state = static_cast<uint64_t>(y);
  }

  uint64_t pop_wide(uint64_t base) {
    unsigned __int128 y = state;
    while (y < static_cast<unsigned __int128>(base) << kLow) y = y << kWord | take();
    state = static_cast<uint64_t>(y / base);
    return static_cast<uint64_t>(y % base);
  }

  uint64_t marked_state = kFirst;
  size_t marked_drawn = 0;
  size_t lowest = 0;
  std::vector<uint16_t> taken;
};

}  // namespace codec
