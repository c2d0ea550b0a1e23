#include "scales.h"

#include "elementary.h"
#include "vectors.h"

using namespace ctorch;

namespace {

template <class Scalar>
[[gnu::always_inline]] inline void scale_run(
    ct_scale kind, Scalar minimum, const Scalar *__restrict raw, int64_t count, Scalar *__restrict scale,
    Scalar *__restrict log_scale, Scalar *__restrict slope) {
  switch (kind) {
    case CT_SCALE_NONE:
      break;
    case CT_SCALE_SIGMOID:
      for (int64_t i = 0; i < count; i++) {
        const Scalar x = raw[i] + 2, e = exponential(x < 0 ? x : -x), d = 1 / (1 + e);
        const Scalar open = x < 0 ? e * d : d, closed = x < 0 ? d : e * d;
        scale[i] = open;
        log_scale[i] = (x < 0 ? x : Scalar(0)) - logarithm_of_one_plus(e);
        slope[i] = closed;
      }
      if (minimum == 0) break;
      for (int64_t i = 0; i < count; i++) {
        const Scalar s = minimum + (1 - minimum) * scale[i];
        slope[i] = scale[i] * slope[i] * (1 - minimum) / s;
        scale[i] = s;
        log_scale[i] = logarithm(s);
      }
      break;
    case CT_SCALE_EXPONENTIAL:
      for (int64_t i = 0; i < count; i++) {
        scale[i] = exponential(raw[i]);
        log_scale[i] = raw[i];
        slope[i] = 1;
      }
      break;
    case CT_SCALE_BOUNDED:
      for (int64_t i = 0; i < count; i++) {
        const Scalar size = raw[i] < 0 ? -raw[i] : raw[i], e = exponential(-2 * size);
        const Scalar magnitude = (1 - e) / (1 + e), t = raw[i] < 0 ? -magnitude : magnitude;
        scale[i] = exponential(t);
        log_scale[i] = t;
        slope[i] = 1 - t * t;
      }
      break;
  }
}

}  // namespace

namespace ctorch {

CT_VECTORIZED void affine_scales(
    ct_scale kind, double minimum, const float *raw, int64_t count, float *scale, float *log_scale, float *slope) {
  scale_run(kind, static_cast<float>(minimum), raw, count, scale, log_scale, slope);
}

void affine_scales(
    ct_scale kind, double minimum, const double *raw, int64_t count, double *scale, double *log_scale,
    double *slope) {
  scale_run(kind, minimum, raw, count, scale, log_scale, slope);
}

}  // namespace ctorch
