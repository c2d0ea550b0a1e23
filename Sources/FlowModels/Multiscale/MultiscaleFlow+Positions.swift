import Flows
import Foundation
import Torch

extension MultiscaleFlow {
  public func bitsPerPosition(_ x: Tensor, labels: Tensor? = nil) throws -> [Tensor] {
    try checkShape(x)
    return try withInference {
      let context = try context(labels, count: x.shape[0])
      var x = x
      var carried: Tensor?
      return try levels.map { level in
        let y = try level.chain.forward(x, under: context, keep: false).y
        var logDet = try level.chain.logDetPerPosition(x, under: context).pooled(as: y)
        if let carried { logDet = try logDet + carried.pooled(as: y) }
        guard let split = level.split else {
          return try bits(logDet, latent: y, under: prior.distribution(under: context))
        }
        let (kept, latent) = try split.divide(y)
        let leaving = Double(latent.shape[3]) / Double(y.shape[3])
        carried = try logDet * (1 - leaving)
        x = kept
        return try bits(logDet * leaving, latent: latent, under: split.distribution(given: kept, under: context))
      }
    }
  }

  /// Of one level, `[batch, rows, columns]` of its latent.
  private func bits(_ logDet: Tensor, latent: Tensor, under distribution: Gaussian) throws -> Tensor {
    let nats = try logDet + distribution.logProbabilityPerPosition(latent)
    return try nats / -log(2) + Double(configuration.bits * latent.shape[3])
  }
}

extension Tensor {
  /// Numbers of positions, `[batch, rows, columns]`, summed over those that one position of `images` stands for.
  fileprivate func pooled(as images: Tensor) throws -> Tensor {
    let (rows, columns) = (images.shape[1], images.shape[2])
    return try reshaped([-1, rows, shape[1] / rows, columns, shape[2] / columns]).sum([2, 4])
  }
}
