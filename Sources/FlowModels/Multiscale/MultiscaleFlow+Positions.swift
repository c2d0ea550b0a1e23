import Flows
import Foundation
import Torch

extension MultiscaleFlow {
  public func bitsPerPosition(_ x: Tensor, labels: Tensor? = nil) throws -> [Tensor] {
    try checkShape(x)
    return try withInference {
      let context = try context(labels, count: x.shape[0])
      var x = x
      return try levels.map { level in
        let logDet = try level.chain.logDetPerPosition(x, under: context)
        let y = try level.chain.forward(x, under: context, keep: false).y
        guard let split = level.split else {
          return try bits(logDet, latent: y, under: prior.distribution(under: context))
        }
        let (kept, latent) = try split.divide(y)
        x = kept
        return try bits(logDet, latent: latent, under: split.distribution(given: kept, under: context))
      }
    }
  }

  /// Of one level, `[batch, rows, columns]` of its latent.
  private func bits(_ logDet: Tensor, latent: Tensor, under distribution: Gaussian) throws -> Tensor {
    let (rows, columns, channels) = (latent.shape[1], latent.shape[2], latent.shape[3])
    let (down, across) = (logDet.shape[1] / rows, logDet.shape[2] / columns)
    let logDet = try logDet.reshaped([-1, rows, down, columns, across]).sum([2, 4])
    let nats = try logDet + distribution.logProbabilityPerPosition(latent)
    return try nats / -log(2) + Double(configuration.bits * channels)
  }
}
