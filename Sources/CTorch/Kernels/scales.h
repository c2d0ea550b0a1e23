// The scales of affine maps, from what a conditioner gives.
#pragma once

#include <cstdint>

#include "CTorch.h"

namespace ctorch {

/// The scale, its logarithm and the derivative of that for `count` raw outputs.
void affine_scales(
    ct_scale kind, double minimum, const float *raw, int64_t count, float *scale, float *log_scale, float *slope);
void affine_scales(
    ct_scale kind, double minimum, const double *raw, int64_t count, double *scale, double *log_scale, double *slope);

}  // namespace ctorch
