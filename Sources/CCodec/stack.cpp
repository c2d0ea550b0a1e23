#include "stack.h"

#include "CCodec.h"
#include "exact.h"
#include "handles.h"
#include "normal.h"

using namespace codec;

cc_stack *cc_stack_create(uint64_t key) { return new cc_stack{Stack(key)}; }
void cc_stack_destroy(cc_stack *stack) { delete stack; }

void cc_stack_push(cc_stack *stack, uint64_t symbol, uint64_t base) { stack->value.push(symbol, base); }
uint64_t cc_stack_pop(cc_stack *stack, uint64_t base) { return stack->value.pop(base); }

void cc_stack_push_normal(cc_stack *stack, int32_t number, int grid_bits) {
  NormalTable::shared().push(stack->value, number, grid_bits);
}

int32_t cc_stack_pop_normal(cc_stack *stack, int grid_bits) {
  return NormalTable::shared().pop(stack->value, grid_bits);
}

static constexpr size_t kStateWords = 3;

size_t cc_stack_word_count(const cc_stack *stack) { return stack->value.words.size() + kStateWords; }
size_t cc_stack_drawn_count(const cc_stack *stack) { return stack->value.drawn; }

void cc_stack_copy_words(const cc_stack *stack, uint16_t *words) {
  for (const uint16_t word : stack->value.words) *words++ = word;
  for (size_t i = 0; i < kStateWords; i++) words[i] = static_cast<uint16_t>(stack->value.state >> (Stack::kWord * i));
}

int cc_stack_restore(cc_stack *stack, const uint16_t *words, size_t count) {
  if (count < kStateWords) return 0;
  uint64_t state = 0;
  for (size_t i = kStateWords; i > 0; i--) state = state << Stack::kWord | words[count - kStateWords + i - 1];
  if (state < Stack::kFirst || state >> Stack::kHigh) return 0;
  stack->value.state = state;
  stack->value.words.assign(words, words + (count - kStateWords));
  return 1;
}

void cc_stack_seed(cc_stack *stack, const uint16_t *words, size_t count) {
  stack->value.words.assign(words, words + count);
}

int cc_stack_unseed(const cc_stack *stack, size_t drawn, size_t count, uint16_t *words) {
  const Stack &value = stack->value;
  if (value.state != Stack::kFirst || value.words.size() != drawn + count) return 0;
  // The first that was drawn lies on top of the others.
  for (size_t i = 0; i < drawn; i++) {
    if (value.words[drawn - 1 - i] != drawn_word(value.key, i)) return 0;
  }
  for (size_t i = 0; i < count; i++) words[i] = value.words[drawn + i];
  return 1;
}

uint16_t cc_random_word(uint64_t key, uint64_t index) { return drawn_word(key, index); }

double cc_stack_bits(const cc_stack *stack) {
  const Stack &value = stack->value;
  const double words = static_cast<double>(value.words.size()) - static_cast<double>(value.drawn);
  return Stack::kWord * words + binary_logarithm(static_cast<double>(value.state)) - Stack::kLow;
}
