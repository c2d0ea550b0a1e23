// A tensor's elements.
#pragma once

#include <ATen/core/Tensor.h>

namespace ctorch {

/// What libtorch's `const_data_ptr<Scalar>()` gives, which is not to be called here: older releases export it under a name
/// that Clang spells differently, so that the program would not link.
template <class Scalar>
const Scalar *const_data(const at::Tensor &t) {
  constexpr at::ScalarType expected = c10::CppTypeToScalarType<Scalar>::value;
  TORCH_CHECK(t.scalar_type() == expected, "expected elements of type ", expected, ", got ", t.scalar_type());
  return static_cast<const Scalar *>(t.const_data_ptr());
}

}  // namespace ctorch
