// What steps of optimizers have in common.
#pragma once

#include <cmath>
#include <optional>

#include "support.h"

namespace ctorch {

inline void require_vectors_like(const at::Tensor &values, std::initializer_list<const at::Tensor *> others) {
  for (const at::Tensor *t : others) {
    TORCH_CHECK(
        t->is_contiguous() && t->dim() == 1 && t->numel() == values.numel() && t->dtype() == values.dtype(),
        "the optimizer needs vectors of one length and type, got ", t->sizes(), " beside ", values.sizes());
  }
}

inline bool runs_kernels(const at::Tensor &values) {
  return values.is_cpu() && (values.scalar_type() == at::kFloat || values.scalar_type() == at::kDouble);
}

/// What gradients of such a norm are multiplied by, so that it is at most `clip` (if that is not 0); nothing where it is not
/// finite.
inline std::optional<double> gradient_factor(const at::Tensor &norm, double clip) {
  const double length = norm.item<double>();
  if (!std::isfinite(length)) return std::nullopt;
  return clip > 0 && length > clip ? clip / length : 1;
}

/// The same on the device, without waiting for it; not finite where the norm is not.
inline at::Tensor gradient_factor_on_device(const at::Tensor &norm, double clip, at::ScalarType type) {
  const at::Tensor length = norm.to(type), one = length / length;
  return clip > 0 ? (clip / length).clamp_max(1) * one : one;
}

/// Gradients as they count: those that are not finite are zero.
inline at::Tensor scaled_on_device(const at::Tensor &gradients, const at::Tensor &factor) {
  return at::where(at::isfinite(factor), gradients * factor, 0);
}

}  // namespace ctorch
