// Adam and Adamax (Kingma & Ba 2015) with decoupled weight decay (Loshchilov & Hutter 2019) in one pass over memory,
// together with the average of the weights.
#include "optimizer.h"

#include "parallel.h"
#include "vectors.h"

using namespace ctorch;

namespace {

/// Numbers that are worth a thread of their own.
constexpr int64_t grain = 65536;

template <class Scalar>
AdamStep<Scalar> step_of(const ct_adam &settings, double factor) {
  return {
      static_cast<Scalar>(factor),           static_cast<Scalar>(1 - settings.beta1),
      static_cast<Scalar>(settings.beta2),   static_cast<Scalar>(1 - settings.beta2),
      static_cast<Scalar>(settings.epsilon), static_cast<Scalar>(settings.rate),
      static_cast<Scalar>(1 - settings.average_decay), static_cast<Scalar>(settings.shrinkage),
      settings.maximum};
}

template <class Scalar>
void update(
    const ct_adam &settings, double factor, const at::Tensor &values, const at::Tensor &gradients,
    const at::Tensor &first, const at::Tensor &second, const at::Tensor &average) {
  const AdamStep<Scalar> step = step_of<Scalar>(settings, factor);
  const auto data = [](const at::Tensor &t) { return t.mutable_data_ptr<Scalar>(); };
  Scalar *const p = data(values), *const m = data(first), *const v = data(second);
  Scalar *const a = average.defined() ? data(average) : nullptr;
  const Scalar *const g = const_data<Scalar>(gradients);
  parallel_for(values.numel(), grain, [&](int64_t begin, int64_t end) {
    adam(step, p + begin, g + begin, m + begin, v + begin, a ? a + begin : nullptr, end - begin);
  });
}

void update_by_libtorch(
    const ct_adam &settings, const at::Tensor &factor, const at::Tensor &values, const at::Tensor &gradients,
    at::Tensor first, at::Tensor second, at::Tensor average) {
  const at::Tensor gradient = scaled_on_device(gradients, factor);
  first.lerp_(gradient, 1 - settings.beta1);
  second.mul_(settings.beta2);
  at::Tensor denominator;
  if (settings.maximum) {
    at::maximum_out(second, second, gradient.abs());
    denominator = second + settings.epsilon;
  } else {
    second.addcmul_(gradient, gradient, 1 - settings.beta2);
    denominator = second.sqrt().add_(settings.epsilon);
  }
  at::Tensor target = values;
  if (settings.shrinkage != 0) target.mul_(1 - settings.shrinkage);
  target.addcdiv_(first, denominator, -settings.rate);
  if (average.defined()) average.lerp_(values, 1 - settings.average_decay);
}

}  // namespace

extern "C" {

ct_status ct_adam_(
    const ct_adam *settings, ct_handle values, ct_handle gradients, ct_handle first, ct_handle second,
    ct_handle average, ct_handle norm) {
  return guarded([&] {
    const at::Tensor &p = tensor(values), &g = tensor(gradients), &m = tensor(first), &v = tensor(second);
    const at::Tensor a = average.object ? tensor(average) : at::Tensor();
    require_vectors_like(p, {&p, &g, &m, &v});
    if (!runs_kernels(p)) {
      return update_by_libtorch(
          *settings, gradient_factor_on_device(tensor(norm), settings->clip, p.scalar_type()), p, g, m, v, a);
    }
    const std::optional<double> factor = gradient_factor(tensor(norm), settings->clip);
    if (!factor) return;
    AT_DISPATCH_FLOATING_TYPES(p.scalar_type(), "adam", [&] { update<scalar_t>(*settings, *factor, p, g, m, v, a); });
  });
}

}  // extern "C"
