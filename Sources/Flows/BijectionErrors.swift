import Torch

/// How far a layer is from what ``Bijection`` promises, measured on some images: for whoever writes one. In float64 a layer
/// that keeps its promises has errors of 1e-8 and less.
///
/// ```swift
/// let layer = try ActNorm("actnorm", channels: 3, like: TensorOptions(.float64))
/// let x = try Tensor.normal([2, 4, 4, 3], .float64, using: generator)
/// print(try BijectionErrors(of: layer, on: x).largest)
/// ```
public struct BijectionErrors: Sendable, Hashable {
  /// Between images and what the inverse makes of their outputs.
  public let inverse: Double
  /// Between log-determinants and those of the Jacobians, which autograd gives; nats.
  public let logDeterminant: Double
  /// Between images and what the backward pass gives as its input.
  public let rebuiltInput: Double
  /// Between gradients of the backward pass and autograd's, in parts of the largest one: of the input and of each parameter.
  public let gradient: Double

  /// NaN where one is.
  public var largest: Double {
    let all = [inverse, logDeterminant, rebuiltInput, gradient]
    return all.contains(where: \.isNaN) ? .nan : all.max()!
  }

  /// - Parameters:
  ///   - x: `[batch, height, width, channel]`, best float64 and small: the Jacobian of an image is a matrix of its elements.
  ///   - context: of a layer that reads one.
  /// - Throws: what the layer throws; `TorchError` where autograd cannot follow its forward pass.
  public init(of layer: any Bijection, on x: Tensor, under context: Context = .none) throws {
    let forward = try layer.forward(x, under: context, keep: false)
    inverse = try difference(layer.inverse(forward.y, under: context), x)

    let found = try forward.logDet.elements(Double.self)
    logDeterminant = try found.indices.map { index in
      let own = try context.images(index..<index + 1)
      let jacobian = try autogradJacobian(
        of: { copies in
          var context = own
          context.labels = try own.labels?.expanded(to: [copies.shape[0], -1])
          return try layer.forward(copies, under: context, keep: false).y
        }, at: x[index..<index + 1])
      return abs(try jacobian.signAndLogDeterminant().logDeterminant.item() - found[index])
    }.reduce(0, worse)

    let random = try Generator(seed: 0)
    let gradY = try Tensor.normal(forward.y.shape, x.dtype, on: x.device, using: random)
    let gradLogDet = try Tensor.normal([x.shape[0]], x.dtype, on: x.device, using: random)
    let expected = try autogradGradients(of: layer.parameters, inputs: [x]) { leaves in
      let forward = try layer.forward(leaves[0], under: context, keep: false)
      return try (forward.y * gradY).sum() + (forward.logDet * gradLogDet).sum()
    }
    let before = try layer.parameters.map { try $0.gradient.copy() }
    defer { for (parameter, gradient) in zip(layer.parameters, before) { try! parameter.gradient.assign(gradient) } }
    var (rebuilt, largest) = (0.0, 0.0)
    for keep in [false, true] {
      for parameter in layer.parameters { try parameter.gradient.zeroInPlace() }
      let forward = try layer.forward(x, under: context, keep: keep)
      // What a chain hands to a layer that does not invert in one pass.
      let saved = keep || layer.invertsInOnePass ? forward.saved : Saved([x])
      let back = try layer.backward(y: forward.y, saved: saved, gradY: gradY, gradLogDet: gradLogDet, under: context)
      rebuilt = worse(rebuilt, try difference(back.x, x))
      let pairs = zip([back.gradX] + layer.parameters.map(\.gradient), expected.inputs + expected.parameters)
      for (own, autograd) in pairs {
        let size = try autograd.magnitude().maximum().item()
        largest = worse(largest, try difference(own, autograd) / (size > 0 ? size : 1))
      }
    }
    (rebuiltInput, gradient) = (rebuilt, largest)
  }
}

private func difference(_ a: Tensor, _ b: Tensor) throws -> Double { try (a - b).magnitude().maximum().item() }

/// NaN where either is.
private func worse(_ a: Double, _ b: Double) -> Double { a.isNaN || b.isNaN ? .nan : max(a, b) }
