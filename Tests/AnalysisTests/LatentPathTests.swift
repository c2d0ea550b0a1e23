import Analysis
import FlowModels
import Foundation
import TestSupport
import Testing
import Torch

@Suite struct LatentPathTests {
  private func keys(_ count: Int) throws -> Latents {
    Latents(levels: [
      try randomTensor([count, 2, 2, 2], seed: 1, scale: 1.3), try randomTensor([count, 1, 1, 8], seed: 2, scale: 0.7),
    ])
  }

  private func numbers(_ latents: Latents, _ level: Int, _ image: Int) throws -> [Double] {
    try latents.levels[level].narrowed(0, image..<image + 1).elements(Double.self)
  }

  private func norm(_ a: [Double]) -> Double { dot(a, a).squareRoot() }
  private func angle(_ a: [Double], _ b: [Double]) -> Double { acos(min(1, max(-1, dot(a, b) / (norm(a) * norm(b))))) }

  @Test func aStraightPathIsAMean() throws {
    let keys = try keys(3)
    let path = LatentPath(through: keys, conditions: nil, shape: .straight)
    #expect(path.segments == 2)
    let points = try path.points(at: [0.25, 1.5]).latents
    for level in 0..<2 {
      for (row, (first, t)) in [(0, 0.25), (1, 0.5)].enumerated() {
        let (a, b) = (try numbers(keys, level, first), try numbers(keys, level, first + 1))
        for (found, pair) in try zip(numbers(points, level, row), zip(a, b)) {
          #expect(abs(found - (pair.0 * (1 - t) + pair.1 * t)) < 1e-12)
        }
      }
    }
  }

  /// The norm moves on a line, the angle evenly, and the point stays in the plane of both keys.
  @Test(arguments: [0, 0.1, 0.5, 0.9, 1]) func aSphericalPathTurnsEvenly(t: Double) throws {
    let keys = try keys(2)
    let points = try LatentPath(through: keys, conditions: nil, shape: .spherical).points(at: [t]).latents
    for level in 0..<2 {
      let (a, b) = (try numbers(keys, level, 0), try numbers(keys, level, 1))
      let p = try numbers(points, level, 0)
      #expect(abs(norm(p) - ((1 - t) * norm(a) + t * norm(b))) < 1e-10)
      let whole = angle(a, b)
      #expect(abs(cos(angle(a, p)) - cos(t * whole)) < 1e-10)
      #expect(abs(cos(angle(p, b)) - cos((1 - t) * whole)) < 1e-10)
    }
  }

  @Test(arguments: LatentPath.Shape.allCases) func pathsGoThroughTheirKeys(shape: LatentPath.Shape) throws {
    let keys = try keys(3)
    let conditions = try Tensor.identity(3, .float64)
    let open = LatentPath(through: keys, conditions: conditions, shape: shape)
    let points = try open.points(at: [0, 1, 2])
    for level in 0..<2 { try expectClose(points.latents.levels[level], keys.levels[level], within: 1e-12, "open") }
    try expectClose(#require(points.conditions), conditions, within: 1e-12, "conditions")
    let closed = LatentPath(through: keys, conditions: conditions, shape: shape, closed: true)
    #expect(closed.segments == 3)
    let end = try closed.points(at: [3, 2.5])
    for level in 0..<2 {
      try expectClose(
        end.latents.levels[level].narrowed(0, 0..<1), keys.levels[level].narrowed(0, 0..<1), within: 1e-12, "closed")
    }
    #expect(try #require(end.conditions).elements(Double.self)[3...] == [0.5, 0, 0.5])
  }

  /// Where two keys lie on one line through the center, or one at it, there is no plane to turn in.
  @Test func withoutAPlaneAPathIsStraight() throws {
    let a = [3.0, 4]
    for b in [[-3.0, -4], [6.0, 8], [0.0, 0]] {
      let keys = Latents(levels: [try Tensor(a + b, shape: [2, 1, 1, 2])])
      let point = try LatentPath(through: keys, conditions: nil, shape: .spherical).points(at: [0.25]).latents
      for (found, pair) in try zip(numbers(point, 0, 0), zip(a, b)) {
        #expect(abs(found - (0.75 * pair.0 + 0.25 * pair.1)) < 1e-12)
      }
    }
  }

  @Test func imagesDoNotDependOnTheBatch() throws {
    let glow = try Glow.small(classes: ["a", "b"])
    let x = try randomImages([2, 4, 4, 1], seed: 7, .float64)
    let labels = try Tensor([0, 1])
    let path = LatentPath(
      through: try glow.encode(x, labels: labels), conditions: try glow.conditions(of: labels, count: 2),
      shape: .straight)
    let positions = [0, 0.25, 0.5, 0.75, 1]
    let images = try glow.images(of: path, at: positions)
    try expectClose(glow.images(of: path, at: positions, batchSize: 2), images, within: 1e-12, "batches")
    let known = try glow.interpolate(x.narrowed(0, 0..<1), x.narrowed(0, 1..<2), steps: 5, labels: labels)
    try expectClose(images, known, within: 1e-12, "interpolate")
    try expectClose(images.narrowed(0, 0..<1), x.narrowed(0, 0..<1), within: 1e-9, "the first image")
  }
}
