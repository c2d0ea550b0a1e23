import CCodec
import CDataFormats
import FlowModels
import Flows
import Foundation

/// By what an archive knows its model again: the SHA-256 of all numbers that the code is made of, and a test of the arithmetic.
public struct ModelIdentity: Hashable, Sendable {
  /// 32 bytes.
  public let digest: [UInt8]
  /// What a fixed picture of noise becomes: another machine that does not compute the same gets another one.
  public let arithmetic: UInt64

  init(digest: [UInt8], arithmetic: UInt64) { (self.digest, self.arithmetic) = (digest, arithmetic) }

  /// Hashes the model's numbers and codes the fixed picture.
  public init(of code: FlowCode) {
    digest = Self.digest(of: code.blueprint)
    let (coder, stack) = (FlowCoder(code), SymbolStack(key: 0))
    let values = (0..<code.imageSize).map {
      // Smooth with some noise, so that no layer is led out of its range.
      UInt8(
        UInt16(1 << (code.blueprint.bits - 1)) + (cc_random_word(1, UInt64($0)) & 3)
          % UInt16(1 << (code.blueprint.bits - 1)))
    }
    let isCoded = coder.encode(values, onto: stack)
    // FNV-1a over the words.
    arithmetic = stack.words.reduce(isCoded ? 0xcbf2_9ce4_8422_2325 : 0) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }

  /// 64 hexadecimal digits.
  public var name: String { digest.map { String(format: "%02x", $0) }.joined() }

  /// Of the blueprint's shape and numbers, in the order of coding; docs/codec.md lists them.
  public static func digest(of blueprint: FlowBlueprint) -> [UInt8] {
    var hash = SHA256()
    hash.add([
      blueprint.height, blueprint.width, blueprint.channels, blueprint.bits, blueprint.conditionCount,
      blueprint.levels.count,
    ])
    for level in blueprint.levels {
      hash.add([level.layers.count])
      level.layers.forEach { hash.add($0) }
      if let split = level.split { hash.add(split) }
    }
    hash.add(blueprint.top)
    return hash.finish()
  }
}

/// By libmd.
private struct SHA256 {
  private var context = SHA2_CTX()

  init() { SHA256Init(&context) }

  private mutating func add(bytes: UnsafeRawBufferPointer) {
    guard let address = bytes.baseAddress else { return }
    SHA256Update(&context, address.assumingMemoryBound(to: UInt8.self), bytes.count)
  }

  /// As 64-bit integers.
  mutating func add(_ numbers: [Int]) { numbers.map { Int64($0).littleEndian }.withUnsafeBytes { add(bytes: $0) } }

  /// How many, then their bits.
  mutating func add(_ numbers: [Float]) {
    add([numbers.count])
    numbers.map(\.bitPattern.littleEndian).withUnsafeBytes { add(bytes: $0) }
  }

  mutating func add(_ numbers: [Double]) {
    add([numbers.count])
    numbers.map(\.bitPattern.littleEndian).withUnsafeBytes { add(bytes: $0) }
  }

  mutating func add(_ layer: LayerBlueprint) {
    switch layer {
    case .squeeze: add([0])
    case .mix(let bias, let logScale, let mix):
      add([1])
      add(bias)
      add(logScale)
      add(mix)
    case .coupling(let transform, let conditioner):
      add([2])
      add(transform)
      add(conditioner)
    case .masked(let order, let scale, let conditioner):
      add([3, ScanOrder.allCases.firstIndex(of: order)!])
      add(.affine(scale))
      add(conditioner)
    }
  }

  private mutating func add(_ mix: MixBlueprint) {
    switch mix {
    case .order(let order): add([0, order.count] + order)
    case .matrix(let matrix):
      add([1])
      add(matrix)
    case .factors(let lower, let upper, let logDiagonal, let sign, let order):
      add([2, order.count] + order)
      for part in [lower, upper, logDiagonal, sign] { add(part) }
    }
  }

  private mutating func add(_ transform: CouplingTransform) {
    switch transform {
    case .additive: add([0])
    case .affine(.sigmoid(let minimum)):
      add([1])
      add([minimum])
    case .affine(.exponential): add([2])
    case .affine(.bounded): add([3])
    case .affine(.rescaledTanh(let start)):
      add([4])
      add([start])
    }
  }

  private mutating func add(_ conditioner: ConditionerBlueprint) {
    for convolution in [conditioner.first, conditioner.second, conditioner.last] { add(convolution) }
  }

  private mutating func add(_ convolution: ConvolutionBlueprint) {
    add(
      [convolution.inputs, convolution.outputs, convolution.edgeChannel ? 1 : 0, convolution.taps.count]
        + convolution.taps)
    add(convolution.weight)
    add(convolution.bias)
    add(convolution.logScale)
    add(convolution.embedding ?? [])
  }

  mutating func add(_ prior: PriorBlueprint) {
    add([prior.convolution == nil ? 0 : 1, prior.embedding == nil ? 0 : 1, prior.isConditional ? 1 : 0])
    if let convolution = prior.convolution { add(convolution) }
    if let embedding = prior.embedding {
      add(embedding.shape)
      add(embedding.values)
    }
    add([prior.limit ?? 0])
  }

  mutating func finish() -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
    SHA256Final(&digest, &context)
    return digest
  }
}
