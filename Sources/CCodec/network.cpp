#include "network.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "environment.h"
#include "exact.h"

#pragma clang fp contract(off)

namespace codec {

Taps::Taps(unsigned mask) {
  for (int index = 0; index < 9; index++) {
    if (mask >> index & 1) taps.push_back({index, index / 3 - 1, index % 3 - 1});
  }
}

static std::vector<double> copied(const double *values, size_t count) {
  return values ? std::vector<double>(values, values + count) : std::vector<double>();
}

Starts::Starts(cc_start given, int outputs, int conditions, Taps taps)
    : outputs(outputs), conditions(conditions), taps(taps), base(copied(given.base, outputs)),
      edge(copied(given.edge, size_t(9) * outputs)), embedding(copied(given.embedding, size_t(conditions) * outputs)) {}

void Starts::tell(const double *condition, int64_t width, std::vector<float> &rows) const {
  rows.assign(kSides * width, 0);
  std::vector<double> sums(outputs);
  for (int sides = 0; sides < kSides; sides++) {
    sums = base;
    if (!edge.empty()) {
      for (const Taps::Tap &tap : taps.all()) {
        const bool outside = (tap.dy < 0 && sides & 1) || (tap.dy > 0 && sides & 2) || (tap.dx < 0 && sides & 4) ||
                             (tap.dx > 0 && sides & 8);
        if (!outside) continue;
        for (int o = 0; o < outputs; o++) sums[o] = sums[o] + edge[tap.index * outputs + o];
      }
    }
    if (condition && !embedding.empty()) {
      for (int c = 0; c < conditions; c++) {
        for (int o = 0; o < outputs; o++) sums[o] = sums[o] + condition[c] * embedding[c * outputs + o];
      }
    }
    for (int o = 0; o < outputs; o++) rows[sides * width + o] = static_cast<float>(sums[o]);
  }
}

/// `body(std::integral_constant<int, count>)` for the counts that flows on small pictures have, otherwise with 0: loops of a known
/// length become a few instructions.
template <class Body>
static void with_count(int count, Body body) {
  switch (count) {
    case 1: return body(std::integral_constant<int, 1>());
    case 2: return body(std::integral_constant<int, 2>());
    case 3: return body(std::integral_constant<int, 3>());
    case 4: return body(std::integral_constant<int, 4>());
    case 6: return body(std::integral_constant<int, 6>());
    case 8: return body(std::integral_constant<int, 8>());
    case 12: return body(std::integral_constant<int, 12>());
    case 16: return body(std::integral_constant<int, 16>());
    case 24: return body(std::integral_constant<int, 24>());
    default: return body(std::integral_constant<int, 0>());
  }
}

/// The neighborhoods of some pixels as rows; pixels outside of the picture are zeros.
static void gather(
    const float *picture, int channels, int height, int width, const Taps &taps, const int *pixels, int count, float *rows) {
  with_count(channels, [=, &taps](auto known) {
    const int inputs = known ? known : channels;
    float *row = rows;
    for (int i = 0; i < count; i++) {
      const int pixel = pixels ? pixels[i] : i, y = pixel / width, x = pixel % width;
      for (const Taps::Tap &tap : taps.all()) {
        const int ty = y + tap.dy, tx = x + tap.dx;
        const bool inside = ty >= 0 && ty < height && tx >= 0 && tx < width;
        const float *from = inside ? picture + (ty * width + tx) * inputs : nullptr;
        for (int c = 0; c < inputs; c++) row[c] = from ? from[c] : 0;
        row += inputs;
      }
    }
  });
}

/// The matrix of a last convolution: the columns of each tap beside each other.
static std::vector<float> side_by_side(const float *weights, int taps, int inputs, int outputs) {
  std::vector<float> matrix(size_t(taps) * inputs * outputs);
  for (int tap = 0; tap < taps; tap++) {
    for (int i = 0; i < inputs; i++) {
      std::copy_n(weights + (tap * inputs + i) * outputs, outputs, &matrix[(size_t(i) * taps + tap) * outputs]);
    }
  }
  return matrix;
}

/// Adds what each tap's pixel gives to the starts of some pixels, in the order of the taps.
/// - columns: a pixel's are `stride` numbers.
/// - start: of a pixel, `[outputs]`.
/// - out: of all pixels, `[height][width][outputs]`
template <class Start>
static void add_taps(
    const float *columns, int64_t stride, int channels, int height, int width, const Taps &taps, const int *pixels,
    int count, Start start, float *out) {
  with_count(channels, [=, &taps](auto known) {
    const int outputs = known ? known : channels;
    for (int i = 0; i < count; i++) {
      const int pixel = pixels ? pixels[i] : i, y = pixel / width, x = pixel % width;
      const float *first = start(pixel);
      float *sums = out + size_t(pixel) * outputs;
      for (int o = 0; o < outputs; o++) sums[o] = first[o];
      const float *column = columns;
      for (const Taps::Tap &tap : taps.all()) {
        const int ty = y + tap.dy, tx = x + tap.dx;
        if (ty >= 0 && ty < height && tx >= 0 && tx < width) {
          const float *more = column + (ty * width + tx) * stride;
          for (int o = 0; o < outputs; o++) sums[o] = sums[o] + more[o];
        }
        column += outputs;
      }
    }
  });
}

static int sides_of(int pixel, int height, int width) {
  return Starts::sides(pixel / width, pixel % width, height, width);
}

// --- Conditioner ---

Conditioner::Conditioner(
    int inputs, int hidden, int outputs, int conditions, Taps first_taps, Taps last_taps, const float *first,
    cc_start first_start, const float *second, const double *second_base, const float *last, cc_start last_start)
    : first_taps(first_taps), last_taps(last_taps), first(first, int64_t(first_taps.count()) * inputs, hidden, true),
      second(second, hidden, hidden, true),
      last(side_by_side(last, last_taps.count(), hidden, outputs).data(), hidden, int64_t(last_taps.count()) * outputs, false),
      first_starts(first_start, hidden, conditions, first_taps), last_starts(last_start, outputs, conditions, last_taps),
      second_start(this->second.width, 0) {
  this->inputs = inputs;
  this->outputs = outputs;
  for (int h = 0; h < hidden; h++) second_start[h] = static_cast<float>(second_base[h]);
}

void Conditioner::tell(const double *condition, int, int, Told &told) const {
  first_starts.tell(condition, first.width, told.first);
  last_starts.tell(condition, outputs, told.last);
}

void Conditioner::prepare(int height, int width, Room &room) const {
  const size_t pixels = size_t(height) * width;
  const auto grow = [](std::vector<float> &room, size_t size) { if (room.size() < size) room.resize(size); };
  grow(room.patches, pixels * first.inner);
  grow(room.first, pixels * first.width);
  grow(room.second, pixels * second.width);
  grow(room.columns, pixels * last.width + last.width);
  if (room.starts.size() < pixels) room.starts.resize(pixels);
  // A row of zeros, from which the last sums start.
  std::fill_n(&room.columns[pixels * last.width], last.width, 0.0f);
}

/// Where a pixel's last sums start.
auto Conditioner::last_start(const Told &told, int height, int width) const {
  const float *rows = told.last.data();
  const size_t size = outputs;
  return [=](int pixel) { return rows + sides_of(pixel, height, width) * size; };
}

void Conditioner::run(
    const float *picture, int height, int width, const Told &told, Room &room, float *out) const {
  const int pixels = height * width;
  prepare(height, width, room);
  gather(picture, inputs, height, width, first_taps, nullptr, pixels, room.patches.data());
  for (int i = 0; i < pixels; i++) room.starts[i] = &told.first[sides_of(i, height, width) * first.width];
  first.multiply(room.patches.data(), first.inner, room.starts.data(), pixels, room.first.data());
  std::fill_n(room.starts.begin(), pixels, second_start.data());
  second.multiply(room.first.data(), first.width, room.starts.data(), pixels, room.second.data());
  const float *zeros = &room.columns[size_t(pixels) * last.width];
  std::fill_n(room.starts.begin(), pixels, zeros);
  last.multiply(room.second.data(), second.width, room.starts.data(), pixels, room.columns.data());
  add_taps(room.columns.data(), last.width, outputs, height, width, last_taps, nullptr, pixels, last_start(told, height, width), out);
}

void Conditioner::run_stage(
    Stage stage, const float *picture, int height, int width, const Told &told, Room &room, float *out) const {
  gather(picture, inputs, height, width, first_taps, stage.pixels, stage.count, room.patches.data());
  for (int i = 0; i < stage.count; i++) {
    room.starts[i] = &told.first[sides_of(stage.pixels[i], height, width) * first.width];
  }
  first.multiply(room.patches.data(), first.inner, room.starts.data(), stage.count, room.first.data());
  std::fill_n(room.starts.begin(), stage.count, second_start.data());
  second.multiply(room.first.data(), first.width, room.starts.data(), stage.count, room.second.data());
  std::fill_n(room.starts.begin(), stage.count, &room.columns[size_t(height) * width * last.width]);
  // The first layers' rows are free again.
  room.hidden.resize(std::max(room.hidden.size(), size_t(stage.count) * last.width));
  last.multiply(room.second.data(), second.width, room.starts.data(), stage.count, room.hidden.data());
  for (int i = 0; i < stage.count; i++) {
    std::copy_n(&room.hidden[i * last.width], last.width, &room.columns[stage.pixels[i] * last.width]);
  }
  add_taps(room.columns.data(), last.width, outputs, height, width, last_taps, stage.pixels, stage.count,
           last_start(told, height, width), out);
}

// --- One convolution ---

LinearNetwork::LinearNetwork(
    int inputs, int outputs, int conditions, const float *weights, cc_start start, const double *positions, int height,
    int width)
    : conditions(conditions), taps(CC_ALL_TAPS),
      matrix(side_by_side(weights, 9, inputs, outputs).data(), inputs, 9 * outputs, false),
      starts(start, outputs, conditions, taps),
      positions(copied(positions, size_t(conditions) * height * width * outputs)) {
  this->inputs = inputs;
  this->outputs = outputs;
}

/// What a condition adds at each position, in double precision.
static void add_positions(
    const std::vector<double> &positions, int conditions, const double *condition, std::vector<double> &sums) {
  if (positions.empty() || !condition) return;
  for (int c = 0; c < conditions; c++) {
    const double *values = &positions[size_t(c) * sums.size()];
    for (size_t i = 0; i < sums.size(); i++) sums[i] = sums[i] + condition[c] * values[i];
  }
}

void LinearNetwork::tell(const double *condition, int height, int width, Told &told) const {
  std::vector<float> rows;
  starts.tell(condition, outputs, rows);
  const size_t pixels = size_t(height) * width;
  std::vector<double> sums(pixels * outputs);
  for (size_t i = 0; i < pixels; i++) {
    const float *row = &rows[size_t(sides_of(static_cast<int>(i), height, width)) * outputs];
    std::copy_n(row, outputs, &sums[i * outputs]);
  }
  add_positions(positions, conditions, condition, sums);
  told.last.assign(sums.begin(), sums.end());
}

void LinearNetwork::run(
    const float *picture, int height, int width, const Told &told, Room &room, float *out) const {
  const int pixels = height * width;
  room.columns.resize(std::max(room.columns.size(), size_t(pixels + 1) * matrix.width));
  if (room.starts.size() < size_t(pixels)) room.starts.resize(pixels);
  float *zeros = &room.columns[size_t(pixels) * matrix.width];
  std::fill_n(zeros, matrix.width, 0.0f);
  std::fill_n(room.starts.begin(), pixels, zeros);
  matrix.multiply(picture, inputs, room.starts.data(), pixels, room.columns.data());
  const float *start = told.last.data();
  const size_t size = outputs;
  add_taps(room.columns.data(), matrix.width, outputs, height, width, taps, nullptr, pixels,
           [=](int pixel) { return start + pixel * size; }, out);
}

// --- Constants ---

ConstantNetwork::ConstantNetwork(
    int outputs, int conditions, const double *base, const double *positions, int height, int width)
    : conditions(conditions), base(copied(base, size_t(height) * width * outputs)),
      positions(copied(positions, size_t(conditions) * height * width * outputs)) {
  this->outputs = outputs;
}

void ConstantNetwork::tell(const double *condition, int, int, Told &told) const {
  std::vector<double> sums = base;
  add_positions(positions, conditions, condition, sums);
  told.last.assign(sums.begin(), sums.end());
}

void ConstantNetwork::run(const float *, int, int, const Told &told, Room &, float *out) const {
  std::copy(told.last.begin(), told.last.end(), out);
}

}  // namespace codec

using namespace codec;

double cc_exponential(double x) {
  const ExactArithmetic exact;
  return exponential(x);
}

cc_network *cc_network_create(
    int inputs, int hidden, int outputs, int conditions, unsigned first_taps, unsigned last_taps, const float *first,
    cc_start first_start, const float *second, const double *second_base, const float *last, cc_start last_start) {
  const ExactArithmetic exact;
  return new cc_network{std::make_unique<Conditioner>(
      inputs, hidden, outputs, conditions, Taps(first_taps), Taps(last_taps), first, first_start, second, second_base,
      last, last_start)};
}

cc_network *cc_network_create_linear(
    int inputs, int outputs, int conditions, const float *weights, cc_start start, const double *positions, int height,
    int width) {
  const ExactArithmetic exact;
  return new cc_network{
      std::make_unique<LinearNetwork>(inputs, outputs, conditions, weights, start, positions, height, width)};
}

cc_network *cc_network_create_constant(
    int outputs, int conditions, const double *base, const double *positions, int height, int width) {
  const ExactArithmetic exact;
  return new cc_network{std::make_unique<ConstantNetwork>(outputs, conditions, base, positions, height, width)};
}

void cc_network_destroy(cc_network *network) { delete network; }

void cc_network_run(
    const cc_network *network, const float *picture, int height, int width, const double *condition, float *outputs) {
  const ExactArithmetic exact;
  Told told;
  Room room;
  network->value->tell(condition, height, width, told);
  network->value->run(picture, height, width, told, room, outputs);
}
