import Analysis
import Datasets
import TestSupport
import Testing
import Torch

@Suite struct NearestImagesTests {
  @Test(arguments: [(8, 7), (8, 500), (4, 16)]) func theNearestOfAll(bits: Int, batchSize: Int) throws {
    let dataset = SmallImages(count: 50)
    let step = 1 << (8 - bits)
    func cut(_ pixels: [UInt8]) -> [Int] { pixels.map { Int($0) / step * step } }
    let queries = [dataset.pixels(13), SmallImages(start: 900).pixels(0), [UInt8](repeating: 0, count: 16)]
    let found = try NearestImages(
      to: Tensor(queries.flatMap { cut($0).map { UInt8($0) } }, shape: [3, 4, 4, 1]), in: dataset, count: 4, bits: bits,
      batchSize: batchSize
    ).neighbors
    for (query, neighbors) in zip(queries, found) {
      let all = (0..<50).map { index in
        zip(cut(query), cut(dataset.pixels(index))).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      }
      let expected = all.indices.sorted { (all[$0], $0) < (all[$1], $1) }.prefix(4)
      #expect(neighbors.map(\.index) == Array(expected))
      #expect(neighbors.map(\.distance) == expected.map { (Double(all[$0]) / 16).squareRoot() })
    }
    #expect(found[0][0].index == 13 && found[0][0].distance == 0)
  }

  @Test func tooFewImages() throws {
    let image = try Tensor([UInt8](repeating: 0, count: 16), shape: [1, 4, 4, 1])
    #expect(throws: AnalysisError.self) { try NearestImages(to: image, in: SmallImages(count: 3), count: 4) }
    #expect(throws: AnalysisError.self) { try NearestImages(to: image, in: SmallImages(count: 0), count: 1) }
    let wide = SmallImages(shape: ImageShape(height: 4, width: 8, channels: 1))
    #expect(throws: AnalysisError.self) { try NearestImages(to: image, in: wide, count: 1) }
  }
}
