import ArgumentParser
import Torch

/// The precision of tensors in a file.
enum DiskPrecision: String, ExpressibleByArgument, CaseIterable {
  case float32, float16

  var dtype: DType { self == .float16 ? .float16 : .float32 }
}
