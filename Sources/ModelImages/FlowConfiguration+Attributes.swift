import Datasets
import FlowModels
import Torch

extension FlowConfiguration {
  /// Learns how the model's attributes go together in images: which exclude each other, and some examples.
  /// - Parameter most: images to look at, spread evenly.
  public mutating func learnAttributes(of images: any ImageDataset, most: Int = 20_000) {
    guard !attributeNames.isEmpty else { return }
    let columns = images.attributeColumns(of: attributeNames)
    func rows(_ count: Int) -> [[Float]] {
      // One of each stretch at random, as images may be in an order that repeats itself.
      var random = KeyedRandom(.attributes, UInt64(images.count))
      return (0..<count).map { number in
        let place = (Double(number) + .random(in: 0..<1, using: &random)) * Double(images.count) / Double(count)
        return images.attributeRow(columns, at: count == images.count ? number : Int(place))
      }
    }
    findExclusions(in: rows(min(images.count, most)))
    attributeExamples = rows(min(images.count, Self.examples))
  }

  /// Two attributes exclude each other that would often be seen together if they were independent, and hardly ever are.
  private mutating func findExclusions(in rows: [[Float]]) {
    attributeExclusions = attributeNames.indices.compactMap { one in
      let having = rows.filter { $0[one] > 0 }
      func other(_ number: Int, among rows: [[Float]]) -> (known: Double, present: Double) {
        (Double(rows.count { $0[number] != 0 }), Double(rows.count { $0[number] > 0 }))
      }
      var (absent, unknown) = ([Int](), [Int]())
      for number in attributeNames.indices where number != one && Double(having.count) >= Self.enoughImages {
        let (all, beside) = (other(number, among: rows), other(number, among: having))
        let expected = beside.known * all.present / max(1, all.known)
        if beside.known <= Self.exceptions * Double(having.count), all.known > 0 {
          unknown.append(number)
        } else if expected >= Self.enoughImages, beside.present <= Self.exceptions * expected {
          absent.append(number)
        }
      }
      guard !absent.isEmpty || !unknown.isEmpty else { return nil }
      let neither = rows.count { row in row[one] <= 0 && !(absent + unknown).contains { row[$0] > 0 } }
      return AttributeExclusion(
        attribute: attributeNames[one], absent: absent.map { attributeNames[$0] },
        unknown: unknown.map { attributeNames[$0] }, isChoice: Double(neither) <= Self.exceptions * Double(rows.count))
    }
  }

  private static var examples: Int { 256 }

  private static var enoughImages: Double { 20 }
  /// Labels are wrong at times.
  private static var exceptions: Double { 0.01 }

  /// What samples are told of their attributes, `[count][attributes]`: each what an example of the training's has, with what is
  /// asked for in its place. Examples with what that excludes are passed over, unless all have some of it. Sample i depends on the
  /// seed and i alone. Nil where there are no examples, or `others` is 0.
  /// - Parameters:
  ///   - others: how strongly attributes are told that nobody asked for.
  ///   - changes: what is asked for.
  public func drawnAttributes(
    _ samples: Range<Int>, seed: UInt64, others: Double, telling changes: [AttributeChange] = []
  ) -> [[Float]]? {
    let examples = attributeExamples
    guard !examples.isEmpty, others > 0 else { return nil }
    let fitting = examples.filter { implied(by: changes, in: $0).isEmpty }
    let (pool, asked) = (fitting.isEmpty ? examples : fitting, Set(changes.map(\.attribute)))
    return samples.map { number in
      var random = KeyedRandom(.attributes, seed, UInt64(number))
      let row = attributes(pool.randomElement(using: &random)!, telling: changes)
      return row.enumerated().map { asked.contains($0) ? $1 : $1 * Float(others) }
    }
  }
}

extension FlowModel {
  /// The conditions of samples of which nothing is asked: labels in turn, or attributes of training images; nil for none.
  public func usualConditions(count: Int, seed: UInt64) throws -> Tensor? {
    let classes = configuration.classCount
    guard classes > 0 else { return try drawnAttributes(count: count, seed: seed) }
    return try Tensor((0..<count).map { $0 % classes }, on: options.device)
  }

  /// ``FlowConfiguration/drawnAttributes(_:seed:others:telling:)`` as this model takes it, `[count, attributes]`.
  public func drawnAttributes(
    count: Int, seed: UInt64, others: Double = AttributeStrength.ofOthers, telling changes: [AttributeChange] = []
  ) throws -> Tensor? {
    guard let rows = configuration.drawnAttributes(0..<count, seed: seed, others: others, telling: changes) else {
      return nil
    }
    return try Tensor(rows.flatMap(\.self), shape: [count, configuration.attributeNames.count], on: options.device)
      .converted(to: options.dtype)
  }
}
