import Foundation
import Torch

extension FlowModel {
  /// 16 hexadecimal digits that change when a parameter, a buffer or the configuration does: by which files derived from a
  /// model (directions, reference scores) know it again. FNV-1a, 64 bits, over the configuration, names, and values as
  /// float32; no protection against intent.
  public func fingerprint() throws -> String { try fingerprint(of: parameters.values) }

  /// As ``fingerprint()``, of the parameters as float16: a checkpoint and the model exported from it have it in common,
  /// also where that is in half precision. Files of latents know their model by it.
  public func roundedFingerprint() throws -> String {
    try fingerprint(of: parameters.values.converted(to: .float16).converted(to: .float32))
  }

  private func fingerprint(of values: Tensor) throws -> String {
    var hash = try configurationHash()
    hash.add((parameters.parameters.map(\.name) + buffers.map(\.name)).joined(separator: "\n").utf8)
    try hash.add(values)
    for buffer in buffers { try hash.add(buffer.value) }
    return hash.digits
  }

  /// 16 hexadecimal digits that change when the configuration does, and not with the weights: two checkpoints of one run
  /// have it in common.
  public func configurationFingerprint() throws -> String { try configurationHash().digits }

  private func configurationHash() throws -> FNVHash {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    var hash = FNVHash()
    hash.add(type(of: configuration).kind.utf8)
    hash.add(try encoder.encode(configuration))
    return hash
  }
}

/// FNV-1a, 64 bits.
private struct FNVHash {
  private var value: UInt64 = 0xcbf2_9ce4_8422_2325

  mutating func add(_ bytes: some Sequence<UInt8>) {
    for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
  }

  mutating func add(_ tensor: Tensor) throws { try tensor.elements(Float.self).withUnsafeBytes { add($0) } }

  var digits: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
