import FlowModels
import Foundation
import Torch

extension FlowModel {
  /// 16 hexadecimal digits that change when a parameter, a buffer or the configuration does: by which files derived from a
  /// model (directions, reference scores) know it again. FNV-1a, 64 bits, over the configuration, names, and values as
  /// float32; no protection against intent.
  public func fingerprint() throws -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func add(_ bytes: some Sequence<UInt8>) { for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 } }
    func add(_ tensor: Tensor) throws { try tensor.elements(Float.self).withUnsafeBytes { add($0) } }
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    add(type(of: configuration).kind.utf8)
    add(try encoder.encode(configuration))
    add((parameters.parameters.map(\.name) + buffers.map(\.name)).joined(separator: "\n").utf8)
    try add(parameters.values)
    for buffer in buffers { try add(buffer.value) }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
