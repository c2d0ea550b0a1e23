import FlowModels
import Foundation
import Torch

extension FlowModel {
  /// 16 hexadecimal digits that change when a parameter or a buffer does, or the kind of images: by which files derived from
  /// a model (directions, reference scores) know it again. FNV-1a, 64 bits, over names and over values as float32; no
  /// protection against intent.
  public func fingerprint() throws -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func add(_ bytes: some Sequence<UInt8>) { for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 } }
    func add(_ tensor: Tensor) throws { try tensor.elements(Float.self).withUnsafeBytes { add($0) } }
    let names = parameters.parameters.map(\.name) + buffers.map(\.name) + configuration.classNames
    let sizes = [configuration.height, configuration.width, configuration.channels, configuration.bits]
    add((names + sizes.map(String.init)).joined(separator: "\n").utf8)
    try add(parameters.values)
    for buffer in buffers { try add(buffer.value) }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
