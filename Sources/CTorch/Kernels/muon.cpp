// Muon (Jordan et al. 2024) with decoupled weight decay, its steps as long as Adam's (Liu et al. 2025, equation 4).
#include <algorithm>
#include <array>
#include <numeric>
#include <vector>

#include "optimizer.h"
#include "parallel.h"
#include "products.h"
#include "vectors.h"

using namespace ctorch;

namespace {

/// Iterations x <- (a + b x xᵀ + c (x xᵀ)²) x, which take singular values towards 1. Each is the best polynomial for what the
/// one before leaves of values from 0.01 to 1, in the largest error (Amsel et al. 2025).
struct Polynomial {
  double a, b, c;
};
constexpr std::array<Polynomial, 3> polynomials{
    {{8.09337, -23.6204, 17.4462}, {3.63659, -2.72193, 0.536546}, {2.6613, -1.97715, 0.452616}}};
/// Relative to the Frobenius norm's square: keeps the quotient finite for a matrix of zeros.
constexpr double least = 1e-30;

double length_of_step(const ct_matrix &matrix) {
  return 0.2 * std::sqrt(static_cast<double>(std::max(matrix.rows, matrix.columns)));
}

/// result = left · right with left [m, k] and right [k, n].
template <class Scalar>
void product(int64_t m, int64_t n, int64_t k, const Scalar *left, const Scalar *right, Scalar *result) {
  for (int64_t column = 0; column < n; column += 64) {
    multiply(m, std::min<int64_t>(64, n - column), k, left, k, right + column, n, result + column, n, false);
  }
}

/// The orthogonal factor of a matrix, by an iteration on the smaller of its two Gram matrices alone: every iterate is a
/// polynomial of that one times the matrix, and all these polynomials are symmetric and commute.
template <class Scalar>
class Orthogonal {
 public:
  /// - Parameter size: the largest number of elements and the largest smaller side.
  Orthogonal(int64_t elements, int64_t side) : transposed(elements) {
    for (std::vector<Scalar> *matrix : {&gram, &square, &factor, &next, &total}) matrix->resize(side * side);
  }

  /// Writes the factor of `x`, [rows, columns], to `result`.
  void find(const Scalar *x, int64_t rows, int64_t columns, Scalar *result) {
    const bool tall = rows >= columns;
    const int64_t side = std::min(rows, columns), longer = std::max(rows, columns);
    transpose(x, columns, rows, columns, transposed.data(), rows);
    product(side, side, longer, tall ? transposed.data() : x, tall ? x : transposed.data(), gram.data());
    double trace = least;
    for (int64_t i = 0; i < side; i++) trace += gram[i * side + i];
    const int64_t count = side * side;
    for (int64_t i = 0; i < count; i++) gram[i] = static_cast<Scalar>(gram[i] / trace);
    for (const Polynomial &polynomial : polynomials) {
      advance(side, polynomial, &polynomial == &polynomials.front(), &polynomial == &polynomials.back());
    }
    const Scalar scale = static_cast<Scalar>(1 / std::sqrt(trace));
    for (int64_t i = 0; i < count; i++) total[i] *= scale;
    if (tall) {
      product(rows, side, side, x, total.data(), result);
    } else {
      product(side, columns, side, total.data(), x, result);
    }
  }

 private:
  std::vector<Scalar> transposed, gram, square, factor, next, total;

  void advance(int64_t side, const Polynomial &p, bool first, bool last) {
    product(side, side, side, gram.data(), gram.data(), square.data());
    for (int64_t i = 0; i < side * side; i++) {
      factor[i] = static_cast<Scalar>(p.b) * gram[i] + static_cast<Scalar>(p.c) * square[i];
    }
    for (int64_t i = 0; i < side; i++) factor[i * side + i] += static_cast<Scalar>(p.a);
    if (first) {
      std::copy_n(factor.begin(), side * side, total.begin());
    } else {
      product(side, side, side, factor.data(), total.data(), next.data());
      total.swap(next);
    }
    if (last) return;
    product(side, side, side, factor.data(), gram.data(), next.data());
    product(side, side, side, factor.data(), next.data(), gram.data());
  }
};

template <class Scalar>
void update(
    const ct_muon &settings, const std::vector<ct_matrix> &matrices, double gradient_factor, const at::Tensor &values,
    const at::Tensor &gradients, const at::Tensor &mean, const at::Tensor &average) {
  Scalar *const value = values.mutable_data_ptr<Scalar>(), *const moment = mean.mutable_data_ptr<Scalar>();
  Scalar *const averages = average.defined() ? average.mutable_data_ptr<Scalar>() : nullptr;
  const Scalar *const gradient = const_data<Scalar>(gradients);
  int64_t elements = 0, side = 0;
  for (const ct_matrix &matrix : matrices) {
    elements = std::max(elements, matrix.rows * matrix.columns);
    side = std::max(side, std::min(matrix.rows, matrix.columns));
  }
  // Each matrix is one thread's: the result does not depend on their number. Dealt out like cards, the largest first.
  const int64_t lanes = std::min<int64_t>(at::get_num_threads(), matrices.size());
  parallel_for(lanes, 1, [&](int64_t first, int64_t last) {
    Orthogonal<Scalar> orthogonal(elements, side);
    std::vector<Scalar> direction(elements), step(elements);
    for (int64_t lane = first; lane < last; lane++) {
      for (size_t i = lane; i < matrices.size(); i += lanes) {
        const ct_matrix &matrix = matrices[i];
        const int64_t count = matrix.rows * matrix.columns;
        nesterov(
            moment + matrix.start, gradient + matrix.start, static_cast<Scalar>(gradient_factor),
            static_cast<Scalar>(1 - settings.momentum), direction.data(), count);
        orthogonal.find(direction.data(), matrix.rows, matrix.columns, step.data());
        step_along(
            step.data(), static_cast<Scalar>(settings.rate * length_of_step(matrix)),
            static_cast<Scalar>(settings.shrinkage), static_cast<Scalar>(1 - settings.average_decay),
            value + matrix.start, averages ? averages + matrix.start : nullptr, count);
      }
    }
  });
}

at::Tensor orthogonal_by_libtorch(at::Tensor x) {
  x = x / (x.norm() + std::sqrt(least));
  const bool tall = x.size(0) > x.size(1);
  if (tall) x = x.t();
  for (const Polynomial &p : polynomials) {
    const at::Tensor gram = at::mm(x, x.t());
    x = at::addmm(x, at::addmm(gram, gram, gram, p.b, p.c), x, p.a);
  }
  return tall ? x.t() : x;
}

void update_by_libtorch(
    const ct_muon &settings, const std::vector<ct_matrix> &matrices, const at::Tensor &factor, const at::Tensor &values,
    const at::Tensor &gradients, const at::Tensor &mean, const at::Tensor &average) {
  for (const ct_matrix &matrix : matrices) {
    const auto part = [&](const at::Tensor &vector) {
      return vector.narrow(0, matrix.start, matrix.rows * matrix.columns).view({matrix.rows, matrix.columns});
    };
    const at::Tensor gradient = scaled_on_device(part(gradients), factor);
    at::Tensor momentum = part(mean), target = part(values);
    momentum.lerp_(gradient, 1 - settings.momentum);
    const at::Tensor step = orthogonal_by_libtorch(momentum.lerp(gradient, 1 - settings.momentum));
    target.mul_(1 - settings.shrinkage).sub_(step, settings.rate * length_of_step(matrix));
    if (average.defined()) part(average).lerp_(target, 1 - settings.average_decay);
  }
}

}  // namespace

extern "C" {

ct_status ct_muon_(
    const ct_muon *settings, const ct_matrix *matrices, size_t count, ct_handle values, ct_handle gradients,
    ct_handle mean, ct_handle average, ct_handle norm) {
  return guarded([&] {
    const at::Tensor &p = tensor(values), &g = tensor(gradients), &m = tensor(mean);
    const at::Tensor averages = average.object ? tensor(average) : at::Tensor();
    require_vectors_like(p, {&p, &g, &m});
    std::vector<ct_matrix> ordered(matrices, matrices + count);
    for (const ct_matrix &matrix : ordered) {
      TORCH_CHECK(
          matrix.start >= 0 && matrix.rows > 0 && matrix.columns > 0 &&
              matrix.start + matrix.rows * matrix.columns <= p.numel(),
          "a matrix of ", matrix.rows, " by ", matrix.columns, " does not lie in a vector of ", p.numel());
    }
    if (!runs_kernels(p)) {
      const at::Tensor factor = gradient_factor_on_device(tensor(norm), settings->clip, p.scalar_type());
      return update_by_libtorch(*settings, ordered, factor, p, g, m, averages);
    }
    const std::optional<double> factor = gradient_factor(tensor(norm), settings->clip);
    if (!factor || ordered.empty()) return;
    std::stable_sort(ordered.begin(), ordered.end(), [](const ct_matrix &x, const ct_matrix &y) {
      return x.rows * x.columns > y.rows * y.columns;
    });
    AT_DISPATCH_FLOATING_TYPES(
        p.scalar_type(), "muon", [&] { update<scalar_t>(*settings, ordered, *factor, p, g, m, averages); });
  });
}

}  // extern "C"
