#include "flow.h"

#include <map>

#include "environment.h"
#include "handles.h"

using namespace codec;

struct cc_flow {
  Flow value;
};

struct cc_coder {
  const Flow &flow;
  /// Of each layer, under the condition that was told last.
  const std::vector<Told> *told;
  /// The conditions that were told: most come again.
  std::map<std::vector<double>, std::vector<Told>> known;
  Work work;
  Picture picture;
};

cc_flow *cc_flow_create(
    int height, int width, int channels, int bits, int conditions, int grid_bits, int scale_bits) {
  return new cc_flow{Flow(height, width, channels, bits, conditions, {grid_bits, scale_bits})};
}

void cc_flow_destroy(cc_flow *flow) { delete flow; }

void cc_flow_add_squeeze(cc_flow *flow) {
  Picture &at = flow->value.at;
  flow->value.add(squeeze_layer(at.channels));
  at = {at.height / 2, at.width / 2, at.channels * 4, {}};
}

void cc_flow_add_linear(
    cc_flow *flow, const int32_t *bias, const int64_t *upper, const uint32_t *diagonal, const int8_t *sign,
    const int64_t *lower, int fraction_bits, const int32_t *order) {
  flow->value.add(linear_layer(
      flow->value.at.channels, bias, upper, diagonal, sign, lower, fraction_bits, order, flow->value.grid));
}

static std::unique_ptr<Network> taken(cc_network *network) {
  if (!network) return nullptr;
  std::unique_ptr<Network> value = std::move(network->value);
  delete network;
  return value;
}

void cc_flow_add_coupling(cc_flow *flow, cc_transform transform, float minimum, cc_network *network) {
  Flow &value = flow->value;
  value.add(coupling_layer(value.at.channels, transform, minimum, taken(network), value.grid));
}

void cc_flow_add_masked(cc_flow *flow, cc_order order, cc_transform transform, float minimum, cc_network *network) {
  Flow &value = flow->value;
  value.add(masked_layer(value.at.channels, order, transform, minimum, taken(network), value.grid));
}

void cc_flow_add_split(cc_flow *flow, float limit, cc_network *network) {
  Flow &value = flow->value;
  const int channels = value.at.channels;
  value.add(latent_layer(channels, channels / 2, limit, taken(network), value.grid));
  value.at.channels = channels / 2;
}

void cc_flow_add_top(cc_flow *flow, cc_network *network) {
  Flow &value = flow->value;
  value.add(latent_layer(value.at.channels, 0, 0, taken(network), value.grid));
  value.at.channels = 0;
}

cc_coder *cc_coder_create(const cc_flow *flow) {
  auto *coder = new cc_coder{flow->value, nullptr, {}, {}, {}};
  cc_coder_tell(coder, nullptr);
  return coder;
}

void cc_coder_destroy(cc_coder *coder) { delete coder; }

void cc_coder_tell(cc_coder *coder, const double *condition) {
  constexpr size_t kMost = 64;
  const ExactArithmetic exact;
  const Flow &flow = coder->flow;
  const std::vector<double> key(condition, condition ? condition + flow.conditions : nullptr);
  const auto found = coder->known.find(key);
  if (found != coder->known.end()) {
    coder->told = &found->second;
    return;
  }
  if (coder->known.size() == kMost) coder->known.clear();
  std::vector<Told> &told = coder->known[key];
  told.resize(flow.layers.size());
  for (size_t i = 0; i < told.size(); i++) {
    const Layer &layer = *flow.layers[i];
    if (const Network *network = layer.network()) network->tell(condition, layer.height, layer.width, told[i]);
  }
  coder->told = &told;
}

int cc_coder_encode(cc_coder *coder, cc_stack *handle, const uint8_t *pixels, double most_bits) {
  const ExactArithmetic exact;
  const Flow &flow = coder->flow;
  Stack &stack = handle->value;
  Picture &picture = coder->picture;
  picture.height = flow.height;
  picture.width = flow.width;
  picture.channels = flow.channels;
  const size_t size = size_t(flow.height) * flow.width * flow.channels;
  const int noise = flow.grid.number - flow.bits;
  const double before = cc_stack_bits(handle);
  stack.mark();
  picture.numbers.resize(size);
  for (int c = 0; c < flow.channels; c++) {
    int64_t *numbers = picture.channel(c);
    for (int i = 0; i < picture.pixels(); i++) {
      const int64_t fine = static_cast<int64_t>(stack.pop_bits(noise)), value = pixels[i * flow.channels + c];
      numbers[i] = (value << noise) + fine - (int64_t(1) << (flow.grid.number - 1));
    }
  }
  for (size_t i = 0; i < flow.layers.size(); i++) {
    if (flow.layers[i]->encode(picture, stack, (*coder->told)[i], coder->work)) continue;
    stack.go_back();
    return 0;
  }
  if (cc_stack_bits(handle) - before <= most_bits) return 1;
  stack.go_back();
  return 0;
}

int cc_coder_decode(cc_coder *coder, cc_stack *handle, uint8_t *pixels) {
  const ExactArithmetic exact;
  const Flow &flow = coder->flow;
  Stack &stack = handle->value;
  Picture &picture = coder->picture;
  picture.numbers.clear();
  for (size_t i = flow.layers.size(); i-- > 0;) {
    if (!flow.layers[i]->decode(picture, stack, (*coder->told)[i], coder->work)) return 0;
  }
  const int noise = flow.grid.number - flow.bits;
  for (int c = flow.channels - 1; c >= 0; c--) {
    const int64_t *numbers = picture.channel(c);
    for (int i = picture.pixels() - 1; i >= 0; i--) {
      const int64_t number = numbers[i] + (int64_t(1) << (flow.grid.number - 1));
      if (number < 0 || number >> flow.grid.number) return 0;
      pixels[i * flow.channels + c] = static_cast<uint8_t>(number >> noise);
      stack.push_bits(static_cast<uint64_t>(number) & ((uint64_t(1) << noise) - 1), noise);
    }
  }
  return 1;
}
