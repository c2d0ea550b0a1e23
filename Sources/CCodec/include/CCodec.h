/// The lossless code of a flow: images to the words of a stack and back, by integer arithmetic and by floating-point arithmetic
/// whose order is fixed, so that every machine codes the same. docs/codec.md has the formulas.
#ifndef C_CODEC_H
#define C_CODEC_H

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

#ifdef __cplusplus
extern "C" {
#endif

// --- The stack ---

/// A stack of symbols, each of which costs the logarithm of its base (Ho, Lohn & Abbeel 2019; Zhang et al. 2021, section 3.3).
/// Below what was pushed lie pseudo-random words, which are drawn as they are needed.
typedef struct cc_stack cc_stack;

/// - key: of the pseudo-random words.
cc_stack *cc_stack_create(uint64_t key);
void cc_stack_destroy(cc_stack *stack);

/// `symbol` is below `base`, which is 1 to 2^32.
void cc_stack_push(cc_stack *stack, uint64_t symbol, uint64_t base);
uint64_t cc_stack_pop(cc_stack *stack, uint64_t base);

/// A standard normal number on the grid of 2^-`grid_bits`, 4 to 20, of 28 bits.
void cc_stack_push_normal(cc_stack *stack, int32_t number, int grid_bits);
int32_t cc_stack_pop_normal(cc_stack *stack, int grid_bits);

/// The words of the stack, the lowest first, of which the last three are its state.
size_t cc_stack_word_count(const cc_stack *stack);
void cc_stack_copy_words(const cc_stack *stack, uint16_t *words);
/// How many pseudo-random words lie at the bottom.
size_t cc_stack_drawn_count(const cc_stack *stack);
/// Sets a fresh stack to `words`, of which the last three are its state: 0 where they are no state.
int cc_stack_restore(cc_stack *stack, const uint16_t *words, size_t count);
/// Puts words on a fresh stack, from which pops are fed before pseudo-random words are drawn.
void cc_stack_seed(cc_stack *stack, const uint16_t *words, size_t count);
/// Whether the stack has its first state, with the `drawn` first pseudo-random words below `count` words, which are copied.
int cc_stack_unseed(const cc_stack *stack, size_t drawn, size_t count, uint16_t *words);
/// Pseudo-random word `index` of a key.
uint16_t cc_random_word(uint64_t key, uint64_t index);
/// Bits on the stack less those of the pseudo-random words that it holds.
double cc_stack_bits(const cc_stack *stack);

// --- Networks ---

/// exp, the same on every machine.
double cc_exponential(double x);

/// A convolution network's arithmetic: single precision, sums as chains of fused multiply-adds in a written order.
typedef struct cc_network cc_network;

/// Taps of a 3x3 convolution, 0 to 8 in raster order, as bits.
enum { CC_ALL_TAPS = 511 };

/// What depends on the position's neighbors outside of the picture, and on the condition, is added before the sums:
/// `base[o] + sum of edge[tap][o] over taps outside + sum of condition[c] * embedding[c][o]`, in double precision.
typedef struct {
  const double *base;
  /// `[9][outputs]`, in raster order; null for none.
  const double *_Nullable edge;
  /// `[conditions][outputs]`; null for none.
  const double *_Nullable embedding;
} cc_start;

/// A conditioner: 3x3, ReLU, 1x1, ReLU, 3x3. Weights are `[taps][inputs][hidden]`, `[hidden][hidden]` and
/// `[taps][hidden][outputs]` with the scales in them.
cc_network *cc_network_create(
    int inputs, int hidden, int outputs, int conditions, unsigned first_taps, unsigned last_taps, const float *first,
    cc_start first_start, const float *second, const double *second_base, const float *last, cc_start last_start);
/// One 3x3 convolution, `[9][inputs][outputs]`.
/// - positions: `[conditions][height][width][outputs]`, which the condition adds at each position; null for none.
cc_network *cc_network_create_linear(
    int inputs, int outputs, int conditions, const float *weights, cc_start start, const double *_Nullable positions,
    int height, int width);
/// No network: values of their own at each position, `base` of `[height][width][outputs]`.
cc_network *cc_network_create_constant(
    int outputs, int conditions, const double *base, const double *_Nullable positions, int height, int width);
void cc_network_destroy(cc_network *network);

/// Runs it on one picture, `[height][width][inputs]`, for tests.
void cc_network_run(
    const cc_network *network, const float *picture, int height, int width, const double *_Nullable condition,
    float *outputs);

/// The kernels: 0 is the portable one. Each gives the same bits.
int cc_kernel_count(void);
const char *cc_kernel_name(int kernel);
/// Whether this machine runs the kernel, and it agrees with the portable one on a test.
int cc_kernel_works(int kernel);
/// For tests; networks made later use it. Not thread-safe.
void cc_kernel_use(int kernel);

// --- Flows ---

typedef struct cc_flow cc_flow;

typedef enum { CC_ADDITIVE, CC_SIGMOID, CC_EXPONENTIAL, CC_BOUNDED } cc_transform;
typedef enum { CC_DOWN, CC_UP, CC_RIGHT, CC_LEFT } cc_order;

/// - bits: of a channel's values.
/// - conditions: numbers that say a picture's condition.
/// - grid_bits: pictures and latents are multiples of 2^-grid_bits.
/// - scale_bits: scales are multiples of 2^-scale_bits.
cc_flow *cc_flow_create(
    int height, int width, int channels, int bits, int conditions, int grid_bits, int scale_bits);
void cc_flow_destroy(cc_flow *flow);

/// The layers in the order of encoding. Networks become the flow's.
void cc_flow_add_squeeze(cc_flow *flow);
/// `y = P L D (U (x + b))`: `bias` in the grid, `upper` and `lower` as fixed-point numbers of `fraction_bits` with ones on the
/// diagonals, `diagonal` as a scale with a sign; `y[order[i]]` is row i.
void cc_flow_add_linear(
    cc_flow *flow, const int32_t *bias, const int64_t *upper, const uint32_t *diagonal, const int8_t *sign,
    const int64_t *lower, int fraction_bits, const int32_t *order);
/// The first half of the channels decides the map of the second.
void cc_flow_add_coupling(cc_flow *flow, cc_transform transform, float minimum, cc_network *network);
/// Each pixel is mapped by what those before it decide.
void cc_flow_add_masked(cc_flow *flow, cc_order order, cc_transform transform, float minimum, cc_network *network);
/// The second half of the channels leaves as a latent.
/// - limit: of the log standard deviation; 0 for none.
void cc_flow_add_split(cc_flow *flow, float limit, cc_network *_Nullable network);
/// The last latent. Nothing comes after it.
void cc_flow_add_top(cc_flow *flow, cc_network *_Nullable network);

/// What a thread needs to code with a flow.
typedef struct cc_coder cc_coder;
cc_coder *cc_coder_create(const cc_flow *flow);
void cc_coder_destroy(cc_coder *coder);
/// What the flow is told of the next pictures; null for nothing.
void cc_coder_tell(cc_coder *coder, const double *_Nullable condition);
/// Pushes a picture, `[height][width][channels]`: 0 where it leads out of the range of numbers, or costs more than `most_bits`, and
/// then the stack is as it was.
int cc_coder_encode(cc_coder *coder, cc_stack *stack, const uint8_t *picture, double most_bits);
/// Pops the picture that was pushed last: 0 where the words are of no picture.
int cc_coder_decode(cc_coder *coder, cc_stack *stack, uint8_t *picture);

#ifdef __cplusplus
}
#endif

#pragma clang assume_nonnull end

#endif
