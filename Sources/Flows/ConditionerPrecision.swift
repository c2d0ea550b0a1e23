import Files
import Torch

/// The numbers that conditioners multiply. All else of a flow, with its log-determinants, stays in the type of the model's
/// tensors; so do sums of products, but for what libtorch's own products of bfloat16 matrices give on a GPU, which is
/// rounded too.
public enum ConditionerPrecision: String, JSONWord, Sendable {
  /// The model's own type.
  case float32
  /// Float32 tensors whose products read 10 bits of the fraction: on NVIDIA GPUs since Ampere.
  case tf32
  /// Factors and kept activations are rounded to bfloat16, which has 7 bits of fraction.
  case bfloat16 = "bf16"

  /// Why conditioners of float32 tensors cannot run in it there; nil if they can.
  public func obstacle(on device: Device, hidden: Int) -> String? {
    switch (self, device) {
    case (.float32, _): nil
    case (.tf32, .cuda): nil
    case (.tf32, _): "tf32 needs an NVIDIA GPU, and the model is on \(device)"
    case (.bfloat16, .cpu) where !Runtime.hasBFloat16Products:
      "bf16 needs a processor with AVX-512 BF16 and a libtorch that uses it"
    case (.bfloat16, .cpu) where hidden % 2 != 0:
      "bf16 needs an even number of hidden channels, the model has \(hidden)"
    case (.bfloat16, _): nil
    }
  }
}
