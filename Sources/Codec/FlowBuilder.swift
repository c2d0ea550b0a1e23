import CCodec
import FlowModels
import Flows

/// Puts the layers of a blueprint into a flow. All that decides a bit is computed in double precision in a written order, then rounded.
struct FlowBuilder {
  let flow: OpaquePointer
  let grid: CodeGrid
  let conditions: Int

  func add(_ layer: LayerBlueprint, _ shape: inout ImageSize) throws {
    switch layer {
    case .squeeze:
      cc_flow_add_squeeze(flow)
      shape = ImageSize(shape.height / 2, shape.width / 2, 4 * shape.channels)
    case .mix(let bias, let logScale, let mix):
      try addMix(bias, scales: logScale.map(cc_exponential), mix)
    case .coupling(let transform, let conditioner):
      let (kind, minimum) = kind(of: transform)
      cc_flow_add_coupling(flow, kind, minimum, try network(conditioner))
    case .masked(let order, let scale, let conditioner):
      let (kind, minimum) = kind(of: .affine(scale))
      cc_flow_add_masked(flow, code(order), kind, minimum, try network(conditioner))
    }
  }

  // MARK: ActNorm and 1x1 convolution

  private func addMix(_ bias: [Float], scales: [Double], _ mix: MixBlueprint) throws {
    let size = bias.count
    var factors = try TriangularFactors(mix, size: size)
    // P L D' (U' (x + b)), with the scales of ActNorm in the diagonal and in U'.
    for i in 0..<size { factors.diagonal[i] *= scales[i] }
    for i in 0..<size {
      for j in i + 1..<max(i + 1, size) {
        factors.upper[i * size + j] = factors.upper[i * size + j] * scales[j] / factors.diagonal[i]
      }
    }
    let most = (factors.upper + factors.lower).map(abs).max() ?? 0
    let fraction = Self.fractionBits(most)
    guard (factors.upper + factors.lower + factors.diagonal).allSatisfy(\.isFinite), fraction > 8 else {
      throw CodecError("the model has a 1x1 convolution or an ActNorm that is too extreme to code with")
    }
    let unit = Double(1 << fraction)
    cc_flow_add_linear(
      flow, try bias.map { try number(Double($0)) }, factors.upper.map { Int64(($0 * unit).rounded(.toNearestOrEven)) },
      try factors.diagonal.map(scale), factors.diagonal.map { $0 < 0 ? -1 : 1 },
      factors.lower.map { Int64(($0 * unit).rounded(.toNearestOrEven)) }, Int32(fraction), factors.order.map(Int32.init)
    )
  }

  /// So many that coefficients stay below 2^30, and no more than 24.
  private static func fractionBits(_ most: Double) -> Int {
    var bits = 24
    while bits > 0, most * Double(1 << bits) >= Double(1 << 30) { bits -= 1 }
    return bits
  }

  private func number(_ value: Double) throws -> Int32 {
    let found = (value * Double(1 << grid.numberBits) + 0.5).rounded(.down)
    guard abs(found) < Double(1 << 26) else {
      throw CodecError("the model has an ActNorm that is too extreme to code with")
    }
    return Int32(found)
  }

  private func scale(_ value: Double) throws -> UInt32 {
    let found = (abs(value) * Double(1 << grid.scaleBits) + 0.5).rounded(.down)
    guard found >= 1, found < Double(1 << 30) else {
      throw CodecError("the model has a 1x1 convolution or an ActNorm that is too extreme to code with")
    }
    return UInt32(found)
  }

  // MARK: Couplings

  private func kind(of transform: CouplingTransform) -> (cc_transform, Float) {
    switch transform {
    case .additive: (CC_ADDITIVE, 0)
    case .affine(.sigmoid(let minimum)): (CC_SIGMOID, Float(minimum))
    case .affine(.exponential): (CC_EXPONENTIAL, 0)
    case .affine(.bounded): (CC_BOUNDED, 0)
    case .affine(.rescaledTanh): preconditionFailure("a rescaled coupling has no blueprint")
    }
  }

  private func code(_ order: ScanOrder) -> cc_order {
    switch order {
    case .down: CC_DOWN
    case .up: CC_UP
    case .right: CC_RIGHT
    case .left: CC_LEFT
    }
  }

  private func network(_ blueprint: ConditionerBlueprint) throws -> OpaquePointer {
    let first = try ScaledConvolution(blueprint.first, conditions: conditions)
    let second = try ScaledConvolution(blueprint.second, conditions: 0)
    let last = try ScaledConvolution(blueprint.last, conditions: conditions)
    return first.withStart { firstStart in
      last.withStart { lastStart in
        cc_network_create(
          Int32(blueprint.first.inputs), Int32(blueprint.second.inputs), Int32(blueprint.last.outputs),
          Int32(conditions),
          mask(blueprint.first.taps), mask(blueprint.last.taps), first.weights, firstStart, second.weights, second.base,
          last.weights, lastStart)
      }
    }
  }

  private func mask(_ taps: [Int]) -> UInt32 { taps.reduce(0) { $0 | 1 << UInt32($1) } }

  // MARK: Priors

  /// - Parameters:
  ///   - kept: channels that go on.
  ///   - outputs: means and log standard deviations.
  /// - Returns: nil for a standard normal latent.
  func network(_ prior: PriorBlueprint, kept: Int, outputs: Int, _ shape: ImageSize) throws -> OpaquePointer? {
    let embedding = prior.embedding.map { spread($0, outputs: outputs, shape) }
    let (height, width) = (Int32(shape.height), Int32(shape.width))
    let ofCondition = prior.isConditional ? embedding : nil
    if let convolution = prior.convolution, convolution.inputs > 0 {
      let scaled = try ScaledConvolution(convolution, conditions: 0)
      return scaled.withStart { start in
        cc_network_create_linear(
          Int32(kept), Int32(outputs), Int32(conditions), scaled.weights, start, ofCondition, height, width)
      }
    }
    guard prior.convolution != nil || embedding != nil else { return nil }
    var base = [Double](repeating: 0, count: shape.height * shape.width * outputs)
    if let convolution = prior.convolution {
      base = try ScaledConvolution(convolution, conditions: 0).atPositions(height: shape.height, width: shape.width)
    }
    if let embedding, !prior.isConditional { for i in base.indices { base[i] += embedding[i] } }
    return cc_network_create_constant(Int32(outputs), Int32(conditions), base, ofCondition, height, width)
  }

  /// An embedding at every position, `[conditions, height, width, outputs]`.
  private func spread(_ embedding: EmbeddingBlueprint, outputs: Int, _ shape: ImageSize) -> [Double] {
    let positions = shape.height * shape.width
    guard embedding.shape[0] * embedding.shape[1] == 1, positions > 1 else { return embedding.values.map(Double.init) }
    return stride(from: 0, to: embedding.values.count, by: outputs).flatMap { start in
      (0..<positions).flatMap { _ in embedding.values[start..<start + outputs].map(Double.init) }
    }
  }
}

/// A convolution with its scales in its weights.
struct ScaledConvolution {
  /// `[taps, inputs, outputs]`
  let weights: [Float]
  let base: [Double]
  /// `[9, outputs]`; nil for none.
  let edge: [Double]?
  /// `[conditions, outputs]`; nil for none.
  let embedding: [Double]?

  init(_ blueprint: ConvolutionBlueprint, conditions: Int) throws {
    let (inputs, outputs) = (blueprint.inputs, blueprint.outputs)
    let scales = blueprint.logScale.map(cc_exponential)
    var weights: [Float] = []
    weights.reserveCapacity(blueprint.taps.count * inputs * outputs)
    var edge = [Double](repeating: 0, count: 9 * outputs)
    let rows = inputs + (blueprint.edgeChannel ? 1 : 0)
    for (number, tap) in blueprint.taps.enumerated() {
      for row in 0..<rows {
        for output in 0..<outputs {
          let weight = Double(blueprint.weight[(number * rows + row) * outputs + output]) * scales[output]
          if row < inputs { weights.append(Float(weight)) } else { edge[tap * outputs + output] = weight }
        }
      }
    }
    self.weights = weights
    self.edge = blueprint.edgeChannel ? edge : nil
    base = zip(blueprint.bias, scales).map { Double($0) * $1 }
    embedding = blueprint.embedding.map { values in
      values.enumerated().map { Double($1) * scales[$0 % outputs] }
    }
    guard weights.allSatisfy(\.isFinite), base.allSatisfy(\.isFinite), edge.allSatisfy(\.isFinite),
      embedding?.allSatisfy(\.isFinite) ?? true
    else { throw CodecError("the model has weights that are not finite") }
  }

  func withStart<Result>(_ body: (cc_start) -> Result) -> Result {
    base.withUnsafeBufferPointer { base in
      withOptional(edge) { edge in
        withOptional(embedding) { embedding in
          body(cc_start(base: base.baseAddress!, edge: edge, embedding: embedding))
        }
      }
    }
  }

  private func withOptional<Result>(_ values: [Double]?, _ body: (UnsafePointer<Double>?) -> Result) -> Result {
    guard let values else { return body(nil) }
    return values.withUnsafeBufferPointer { body($0.baseAddress) }
  }

  /// The outputs of a convolution without inputs, `[height, width, outputs]`.
  func atPositions(height: Int, width: Int) -> [Double] {
    (0..<height).flatMap { y in
      (0..<width).flatMap { x in
        var sums = base
        guard let edge else { return sums }
        for tap in 0..<9 {
          let (row, column) = (y + tap / 3 - 1, x + tap % 3 - 1)
          if (0..<height).contains(row), (0..<width).contains(column) { continue }
          for output in sums.indices { sums[output] += edge[tap * sums.count + output] }
        }
        return sums
      }
    }
  }
}

/// `P L D U` with ones on the diagonals of L and U.
struct TriangularFactors {
  var lower: [Double]
  var diagonal: [Double]
  var upper: [Double]
  /// Row i is row `order[i]` of the product.
  var order: [Int]

  init(_ mix: MixBlueprint, size: Int) throws {
    func empty() -> [Double] { [Double](repeating: 0, count: size * size) }
    switch mix {
    case .order(let order):
      (lower, upper, diagonal) = (empty(), empty(), [Double](repeating: 1, count: size))
      self.order = order
      for (place, source) in order.enumerated() { self.order[source] = place }
    case .factors(let lower, let upper, let logDiagonal, let sign, let order):
      (self.lower, self.upper, self.order) = (empty(), empty(), order)
      diagonal = zip(sign, logDiagonal).map { Double($0) * cc_exponential(Double($1)) }
      for i in 0..<size {
        for j in 0..<size {
          if j < i { self.lower[i * size + j] = Double(lower[i * size + j]) }
          // As rows of D U: the diagonal is taken out where ActNorm's scales have come in.
          if j > i { self.upper[i * size + j] = Double(upper[i * size + j]) }
        }
      }
    case .matrix(let matrix):
      (lower, upper, diagonal) = (empty(), empty(), [Double](repeating: 0, count: size))
      order = Array(0..<size)
      var rest = matrix.map(Double.init)
      for step in 0..<size {
        // The largest pivot; of equal ones the first.
        var pivot = step
        for row in step..<size where abs(rest[row * size + step]) > abs(rest[pivot * size + step]) { pivot = row }
        if pivot != step {
          for column in 0..<size { rest.swapAt(step * size + column, pivot * size + column) }
          for column in 0..<step { lower.swapAt(step * size + column, pivot * size + column) }
          order.swapAt(step, pivot)
        }
        diagonal[step] = rest[step * size + step]
        guard diagonal[step] != 0 else { throw CodecError("the model has a 1x1 convolution that is not invertible") }
        for row in step + 1..<max(step + 1, size) {
          let factor = rest[row * size + step] / diagonal[step]
          lower[row * size + step] = factor
          for column in step..<size { rest[row * size + column] -= factor * rest[step * size + column] }
        }
      }
      for i in 0..<size { for j in i + 1..<max(i + 1, size) { upper[i * size + j] = rest[i * size + j] } }
    }
  }
}
