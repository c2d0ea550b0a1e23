import CCodec
import FlowModels
import Flows

/// A flow as the codec computes it: its 1x1 convolutions and ActNorms in integers, its networks in single precision with every
/// sum in a written order, so that each machine gives the same bits. docs/codec.md has the formulas.
public final class FlowCode: @unchecked Sendable {
  let handle: OpaquePointer
  /// The model that is computed.
  public let blueprint: FlowBlueprint
  /// How fine the numbers are.
  public let grid: CodeGrid

  /// Bytes of an image, `[height, width, channel]`.
  public var imageSize: Int { blueprint.height * blueprint.width * blueprint.channels }

  /// - Throws: ``CodecError`` for a model whose numbers are not finite, or whose maps are too extreme for the grid.
  public init(_ blueprint: FlowBlueprint, grid: CodeGrid = .fine) throws {
    self.blueprint = blueprint
    self.grid = grid
    handle = cc_flow_create(
      Int32(blueprint.height), Int32(blueprint.width), Int32(blueprint.channels), Int32(blueprint.bits),
      Int32(blueprint.conditionCount), Int32(grid.numberBits), Int32(grid.scaleBits))
    let builder = FlowBuilder(flow: handle, grid: grid, conditions: blueprint.conditionCount)
    var shape = ImageSize(blueprint.height, blueprint.width, blueprint.channels)
    for level in blueprint.levels {
      for layer in level.layers { try builder.add(layer, &shape) }
      if let split = level.split {
        let network = try builder.network(split, kept: shape.channels / 2, outputs: shape.channels, shape)
        cc_flow_add_split(handle, Float(split.limit ?? 0), network)
        shape.channels /= 2
      }
    }
    cc_flow_add_top(handle, try builder.network(blueprint.top, kept: 0, outputs: 2 * shape.channels, shape))
  }

  deinit { cc_flow_destroy(handle) }
}

/// How fine the codec's numbers are.
public struct CodeGrid: Sendable, Hashable {
  /// Pixels and latents are multiples of 2^-numberBits.
  public var numberBits: Int
  /// Scales are multiples of 2^-scaleBits.
  public var scaleBits: Int

  /// - Parameters:
  ///   - numberBits: 8 to 20 in an archive.
  ///   - scaleBits: 4 to 20 in an archive.
  public init(numberBits: Int, scaleBits: Int) {
    self.numberBits = numberBits
    self.scaleBits = scaleBits
  }

  /// Costs a thousandth of a bit per dimension.
  public static let fine = CodeGrid(numberBits: 15, scaleBits: 14)
  /// Costs a hundredth, and needs three bits per dimension less to begin with.
  public static let coarse = CodeGrid(numberBits: 12, scaleBits: 14)
}

/// Codes images one after another onto a stack. A coder belongs to one thread.
public final class FlowCoder {
  /// The flow that it codes by, which coders of other threads may share.
  public let code: FlowCode
  private let handle: OpaquePointer

  /// The coder's images have no condition until ``tell(_:)`` gives one.
  public init(_ code: FlowCode) {
    self.code = code
    handle = cc_coder_create(code.handle)
  }

  deinit { cc_coder_destroy(handle) }

  /// What the flow is told of the next images, `[conditions]`: 1 at a label, or 1, -1 and 0 of attributes; nil for nothing.
  public func tell(_ condition: [Double]?) {
    precondition(condition.map { $0.count == code.blueprint.conditionCount } ?? true, "a condition of another model")
    cc_coder_tell(handle, condition)
  }

  /// - Parameters:
  ///   - image: values of the model's bits, `[height, width, channel]`.
  ///   - most: the most bits that it may cost.
  /// - Returns: false where it costs more, or leads the flow out of the range of its numbers; the stack is then as it was.
  public func encode(_ image: UnsafePointer<UInt8>, onto stack: SymbolStack, atMost most: Double = .infinity) -> Bool {
    cc_coder_encode(handle, stack.handle, image, most) != 0
  }

  /// - Returns: false where the stack holds no image.
  public func decode(_ image: UnsafeMutablePointer<UInt8>, from stack: SymbolStack) -> Bool {
    cc_coder_decode(handle, stack.handle, image) != 0
  }
}

/// What is wrong with a model or an archive, in a sentence.
public struct CodecError: Error, CustomStringConvertible, Sendable, Hashable {
  public let description: String

  /// - Parameter description: a sentence.
  public init(_ description: String) { self.description = description }
}

struct ImageSize {
  var height: Int
  var width: Int
  var channels: Int

  init(_ height: Int, _ width: Int, _ channels: Int) {
    (self.height, self.width, self.channels) = (height, width, channels)
  }
}
