import Flows
import TestSupport
import Testing
import Torch

/// The checks that every bijection passes; a failure points at the line of the caller.
///
/// - Parameters:
///   - image: the shape of one image, `[height, width, channel]`.
///   - classes: labels that the layers that `make` builds are conditioned on.
///   - domain: from normal numbers to what the layer takes, where that is not all.
///   - make: builds the layer, the same one each time.
func checkBijection(
  _ name: String, image: [Int], classes: Int = 0, domain: (Tensor) throws -> Tensor = { $0 },
  sourceLocation: SourceLocation = #_sourceLocation, _ make: (TensorOptions) throws -> any Bijection
) throws {
  let precise = try Battery(
    name, make, .float64, image: image, classes: classes, domain: domain, sourceLocation: sourceLocation)
  try precise.checkShapes()
  try precise.checkInverse(within: 1e-10)
  try precise.checkLogDeterminant()
  try precise.checkLogDeterminantPerPosition()
  try precise.checkImagesAreIndependent()
  let reference = try precise.checkBackward()
  try precise.checkHandles()

  let single = try Battery(
    name + " in float32", make, .float32, image: image, classes: classes, domain: domain,
    sourceLocation: sourceLocation)
  try single.checkInverse(within: 1e-5)
  for keep in [false, true] {
    try single.expect(single.backward(keep: keep), equals: reference.single(), within: 1e-3, "keep \(keep)")
  }
}

/// Fills every parameter with small noise on top of what it starts from, so that nothing is at zero.
func randomize(_ parameters: [Parameter]) throws {
  for (index, parameter) in parameters.enumerated() {
    let noise = try randomTensor(parameter.value.shape, seed: 100 + UInt64(index), scale: 0.1)
    try parameter.value.addInPlace(noise.converted(to: parameter.value.dtype))
  }
}

/// The smallest and largest scale that a layer applies to `x`; 1 where it applies none.
func scaleRange(of layer: any ElementScaling, _ x: Tensor) throws -> (minimum: Double, maximum: Double) {
  guard let scales = try layer.scales(of: x, under: .none) else { return (1, 1) }
  return (try scales.minimum().item(), try scales.maximum().item())
}

/// What a backward pass gives.
private struct Gradients {
  var x: Tensor
  var gradX: Tensor
  var parameters: [Tensor]

  func single() throws -> Gradients {
    Gradients(
      x: try x.converted(to: .float32), gradX: try gradX.converted(to: .float32),
      parameters: try parameters.map { try $0.converted(to: .float32) })
  }
}

private struct Battery {
  let name: String
  let layer: any Bijection
  let dtype: DType
  let sourceLocation: SourceLocation
  /// Holds the condition of each image of `x`.
  let context: Context
  let x: Tensor
  let gradY: Tensor
  let gradLogDet: Tensor

  init(
    _ name: String, _ make: (TensorOptions) throws -> any Bijection, _ dtype: DType, image: [Int],
    classes: Int, domain: (Tensor) throws -> Tensor, sourceLocation: SourceLocation
  ) throws {
    let batch = 3
    layer = try make(TensorOptions(dtype))
    try randomize(layer.parameters)
    (self.name, self.dtype, self.sourceLocation) = (name, dtype, sourceLocation)
    context = Context(labels: classes > 0 ? try randomTensor([batch, classes], seed: 1, dtype) : nil)
    x = try domain(randomTensor([batch] + image, seed: 2, dtype))
    gradY = try randomTensor(layer.forward(x, under: context, keep: false).y.shape, seed: 3, dtype)
    gradLogDet = try randomTensor([batch], seed: 4, dtype)
  }

  func checkShapes() throws {
    for keep in [false, true] {
      let forward = try layer.forward(x, under: context, keep: keep)
      #expect(forward.y.elementCount == x.elementCount, "\(name): elements", sourceLocation: sourceLocation)
      #expect(forward.y.shape.first == x.shape[0], "\(name): batch", sourceLocation: sourceLocation)
      #expect(forward.logDet.shape == [x.shape[0]], "\(name): log-determinant", sourceLocation: sourceLocation)
      #expect(forward.y.dtype == dtype && forward.logDet.dtype == dtype, "\(name)", sourceLocation: sourceLocation)
      #expect(keep || forward.saved.isEmpty, "\(name): keeps unasked", sourceLocation: sourceLocation)
    }
    let names = (layer.parameters.map(\.name) + layer.buffers.map(\.name)).sorted()
    #expect(names == Set(names).sorted(), "\(name): names are not unique", sourceLocation: sourceLocation)
  }

  func checkInverse(within tolerance: Double) throws {
    let y = try layer.forward(x, under: context, keep: false).y
    try close(layer.inverse(y, under: context), x, tolerance, "inverse(forward(x))")
    let z = try gradY.copy()
    try close(
      layer.forward(layer.inverse(z, under: context), under: context, keep: false).y, z, tolerance,
      "forward(inverse(y))")
  }

  /// The positions' parts add up to the whole.
  func checkLogDeterminantPerPosition() throws {
    let parts = try layer.logDetPerPosition(x, under: context)
    #expect(parts.shape == Array(x.shape.prefix(3)), "\(name): positions", sourceLocation: sourceLocation)
    let whole = try layer.forward(x, under: context, keep: false).logDet
    try close(parts.sum([1, 2]), whole, 1e-10, "log-determinants of positions")
  }

  /// Against the determinant of the whole Jacobian, which autograd gives.
  func checkLogDeterminant() throws {
    for index in 0..<2 {
      let image = try x.narrowed(0, index..<index + 1)
      let jacobian = try autogradJacobian(
        of: { copies in
          let rows = try context.labels?.narrowed(0, index..<index + 1).expanded(to: [copies.shape[0], -1])
          return try layer.forward(copies, under: Context(labels: rows), keep: false).y
        }, at: image)
      let expected = try jacobian.signAndLogDeterminant().logDeterminant.item()
      let found = try layer.forward(x, under: context, keep: false).logDet.elements(Double.self)[index]
      expectClose([found], [expected], within: 1e-10, "\(name): log-determinant", sourceLocation: sourceLocation)
    }
  }

  /// A batch of one gives what the image gives among others.
  func checkImagesAreIndependent() throws {
    let all = try layer.forward(x, under: context, keep: false)
    for index in 0..<x.shape[0] {
      let range = index..<index + 1
      let own = Context(labels: try context.labels?.narrowed(0, range))
      let one = try layer.forward(x.narrowed(0, range), under: own, keep: false)
      try close(one.y, all.y.narrowed(0, range), 1e-12, "batch of one")
      try close(one.logDet, all.logDet.narrowed(0, range), 1e-12, "batch of one's log-determinant")
      try close(layer.inverse(one.y, under: own), x.narrowed(0, range), 1e-10, "batch of one's inverse")
    }
  }

  /// Backward passes under both policies, and in a scope without autograd, against libtorch's autograd.
  /// - Returns: what autograd gave.
  func checkBackward() throws -> Gradients {
    let (inputs, parameters) = try autogradGradients(of: layer.parameters, inputs: [x]) { leaves in
      let forward = try layer.forward(leaves[0], under: context, keep: true)
      return try (forward.y * gradY).sum() + (forward.logDet * gradLogDet).sum()
    }
    let reference = Gradients(x: x, gradX: inputs[0], parameters: parameters)
    let before = try [x, gradY, gradLogDet].map { try $0.copy() }
    for keep in [false, true] {
      try expect(backward(keep: keep), equals: reference, within: 1e-10, "keep \(keep)")
      try expect(
        withInference { try backward(keep: keep) }, equals: reference, within: 1e-10, "without autograd, keep \(keep)")
    }
    for (tensor, copy) in zip([x, gradY, gradLogDet], before) { try close(tensor, copy, 0, "what it was given") }
    return reference
  }

  /// A forward and a backward pass, on top of gradients that are 1/2 beforehand.
  func backward(keep: Bool) throws -> Gradients {
    for parameter in layer.parameters { try parameter.gradient.assign(.full(0.5, [], dtype)) }
    let forward = try layer.forward(x, under: context, keep: keep)
    let y = try forward.y.copy()
    let (rebuilt, gradX) = try layer.backward(
      y: forward.y, saved: forward.saved, gradY: gradY, gradLogDet: gradLogDet, under: context)
    try close(forward.y, y, 0, "the output after a backward pass")
    return Gradients(x: rebuilt, gradX: gradX, parameters: try layer.parameters.map { try $0.gradient - 0.5 })
  }

  func checkHandles() throws {
    for keep in [false, true] {
      try expectNoLeak(name, sourceLocation: sourceLocation) { _ = try backward(keep: keep) }
    }
  }

  func expect(_ found: Gradients, equals expected: Gradients, within tolerance: Double, _ what: String) throws {
    try close(found.x, expected.x, min(tolerance, 1e-5), "\(what): input of the backward pass")
    try close(found.gradX, expected.gradX, tolerance, "\(what): gradient of the input")
    for (parameter, (a, b)) in zip(layer.parameters, zip(found.parameters, expected.parameters)) {
      try close(a, b, tolerance, "\(what): gradient of \(parameter.name)")
    }
  }

  private func close(_ found: Tensor, _ expected: Tensor, _ tolerance: Double, _ what: String) throws {
    try expectClose(found, expected, within: tolerance, "\(name): \(what)", sourceLocation: sourceLocation)
  }
}
