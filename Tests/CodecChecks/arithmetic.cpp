// Codes pictures with a small flow of made-up weights that has every kind of layer, by each kernel of this machine, decodes them,
// and prints a hash of the words: every machine, compiler and optimization must print the same.
#include <cstdio>
#include <cstring>
#include <vector>

#include "CCodec.h"

namespace {

class Numbers {
 public:
  explicit Numbers(uint64_t seed) : state(seed) {}

  /// In -1 ... 1, exactly.
  float next() {
    state = state * 6364136223846793005 + 1442695040888963407;
    return static_cast<float>(static_cast<int32_t>(state >> 40) - (1 << 23)) * 0x1p-23f;
  }

  std::vector<float> floats(size_t count, float scale) {
    std::vector<float> values(count);
    for (float &value : values) value = next() * scale;
    return values;
  }

  std::vector<double> doubles(size_t count, double scale) {
    std::vector<double> values(count);
    for (double &value : values) value = next() * scale;
    return values;
  }

 private:
  uint64_t state;
};

constexpr int kSide = 8, kChannels = 3, kConditions = 2, kHidden = 19;

cc_network *network(Numbers &numbers, int inputs, int outputs, unsigned first_taps, unsigned last_taps) {
  const int first_count = __builtin_popcount(first_taps), last_count = __builtin_popcount(last_taps);
  const auto first = numbers.floats(first_count * inputs * kHidden, 0.3f);
  const auto second = numbers.floats(kHidden * kHidden, 0.3f), last = numbers.floats(last_count * kHidden * outputs, 0.1f);
  const auto first_base = numbers.doubles(kHidden, 0.5), first_edge = numbers.doubles(9 * kHidden, 0.3);
  const auto embedding = numbers.doubles(kConditions * kHidden, 0.3), second_base = numbers.doubles(kHidden, 0.5);
  const auto last_base = numbers.doubles(outputs, 0.2), last_edge = numbers.doubles(9 * outputs, 0.1);
  return cc_network_create(
      inputs, kHidden, outputs, kConditions, first_taps, last_taps, first.data(),
      {first_base.data(), first_edge.data(), embedding.data()}, second.data(), second_base.data(), last.data(),
      {last_base.data(), last_edge.data(), nullptr});
}

void add_linear(cc_flow *flow, Numbers &numbers, int channels) {
  std::vector<int32_t> bias(channels), order(channels);
  std::vector<int64_t> upper(channels * channels), lower(channels * channels);
  std::vector<uint32_t> diagonal(channels);
  std::vector<int8_t> sign(channels);
  for (int i = 0; i < channels; i++) {
    bias[i] = static_cast<int32_t>(numbers.next() * 3000);
    order[i] = (i * 5 + 3) % channels;
    diagonal[i] = 16384 + static_cast<int32_t>(numbers.next() * 9000);
    sign[i] = numbers.next() < 0 ? -1 : 1;
    for (int j = 0; j < channels; j++) {
      const auto value = static_cast<int64_t>(numbers.next() * 0.5f * (1 << 24));
      (j > i ? upper : lower)[i * channels + j] = j == i ? 0 : value;
    }
  }
  cc_flow_add_linear(flow, bias.data(), upper.data(), diagonal.data(), sign.data(), lower.data(), 24, order.data());
}

cc_flow *make_flow() {
  Numbers numbers(7);
  cc_flow *flow = cc_flow_create(kSide, kSide, kChannels, 8, kConditions, 14, 14);
  const unsigned before[] = {0b000001111, 0b111100000, 0b001001011, 0b110100100};
  for (int order = 0; order < 4; order++) {
    if (order != 1 && order != 2) add_linear(flow, numbers, kChannels);
    cc_flow_add_masked(
        flow, static_cast<cc_order>(order), CC_BOUNDED, 0,
        network(numbers, kChannels, 2 * kChannels, before[order], before[order] | 1 << 4));
  }
  int channels = kChannels, side = kSide;
  const cc_transform transforms[] = {CC_SIGMOID, CC_EXPONENTIAL, CC_BOUNDED, CC_ADDITIVE};
  for (int level = 0; level < 2; level++) {
    cc_flow_add_squeeze(flow);
    channels *= 4;
    side /= 2;
    for (int step = 0; step < 2; step++) {
      add_linear(flow, numbers, channels);
      const cc_transform transform = transforms[2 * level + step];
      const int outputs = transform == CC_ADDITIVE ? channels / 2 : channels;
      cc_flow_add_coupling(flow, transform, 0.25f, network(numbers, channels / 2, outputs, CC_ALL_TAPS, CC_ALL_TAPS));
    }
    if (level == 0) {
      const auto weights = numbers.floats(9 * channels / 2 * channels, 0.05f);
      const auto base = numbers.doubles(channels, 0.2), edge = numbers.doubles(9 * channels, 0.1);
      const auto positions = numbers.doubles(kConditions * side * side * channels, 0.1);
      cc_flow_add_split(
          flow, 2, cc_network_create_linear(
                       channels / 2, channels, kConditions, weights.data(), {base.data(), edge.data(), nullptr},
                       positions.data(), side, side));
      channels /= 2;
    }
  }
  const auto base = numbers.doubles(side * side * 2 * channels, 0.3);
  cc_flow_add_top(flow, cc_network_create_constant(2 * channels, kConditions, base.data(), nullptr, side, side));
  return flow;
}

constexpr int kPictures = 12, kSize = kSide * kSide * kChannels;

std::vector<uint8_t> picture(int number) {
  Numbers numbers(100 + number);
  std::vector<uint8_t> values(kSize);
  for (int i = 0; i < kSize; i++) {
    values[i] = static_cast<uint8_t>(128 + 50 * numbers.next() + (i / kChannels % kSide) * 4 * (number % 3));
  }
  return values;
}

bool code(uint64_t &hash) {
  cc_flow *flow = make_flow();
  cc_coder *coder = cc_coder_create(flow);
  cc_stack *stack = cc_stack_create(5);
  const auto tell = [&](int number) {
    const double condition[kConditions] = {number % 2 ? 1.0 : -1.0, number % 3 ? 0.0 : 1.0};
    cc_coder_tell(coder, condition);
  };
  bool is_right = true;
  for (int number = kPictures - 1; number >= 0; number--) {
    tell(number);
    is_right &= cc_coder_encode(coder, stack, picture(number).data(), 1e9) != 0;
  }
  std::vector<uint16_t> words(cc_stack_word_count(stack));
  cc_stack_copy_words(stack, words.data());
  hash = 0xcbf29ce484222325;
  for (const uint16_t word : words) hash = (hash ^ word) * 0x100000001b3;
  std::vector<uint8_t> found(kSize);
  for (int number = 0; number < kPictures; number++) {
    tell(number);
    is_right &= cc_coder_decode(coder, stack, found.data()) && found == picture(number);
  }
  uint16_t none;
  is_right &= cc_stack_unseed(stack, cc_stack_drawn_count(stack), 0, &none) != 0;
  cc_stack_destroy(stack);
  cc_coder_destroy(coder);
  cc_flow_destroy(flow);
  return is_right;
}

}  // namespace

int main() {
  for (int kernel = 0; kernel < cc_kernel_count(); kernel++) {
    if (!cc_kernel_works(kernel)) continue;
    cc_kernel_use(kernel);
    uint64_t hash = 0;
    if (!code(hash)) return std::printf("%s: pictures do not come back\n", cc_kernel_name(kernel)), 1;
    std::printf("%016llx %s\n", static_cast<unsigned long long>(hash), cc_kernel_name(kernel));
  }
}
