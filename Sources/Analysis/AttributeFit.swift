import ModelImages
import Datasets
import Files
import FlowModels
import Torch

/// Finds ``AttributeDirections`` in one pass over the images of a data set, which are read and encoded batch after batch;
/// what is held are sums. Then measures them in a pass over held-out images.
///
/// ```swift
/// let source = try DatasetSource(parsing: "fashion-mnist")
/// let (train, validation) = try source.openTraining(seed: 0)
/// let fit = try AttributeFit(of: glow, training: train.evenly(20_000), heldOut: validation, names: ["trouser"])
/// try fit.directions.write(to: URL(filePath: "attributes.safetensors"))
/// ```
public struct AttributeFit {
  /// An attribute that is left out, as all images have it or none has.
  public struct OneSided: Sendable {
    /// What the data set calls it.
    public var name: String
    /// How many images have it.
    public var with: Int
    /// How many images have it not.
    public var without: Int
  }

  /// What was found, and how well it does on the held-out images.
  public var directions: AttributeDirections
  /// What was left out, in the order of ``AttributeColumns``; nothing where names were given.
  public var oneSided: [OneSided]

  /// - Parameters:
  ///   - training: the images that the directions are from; at least one attribute or class.
  ///   - heldOut: the images that the directions are measured on; none of `training`'s.
  ///   - names: attributes of `training` (``AttributeColumns``); nil for all of them, less those that are one-sided.
  ///   - among: only images with at least one of these attributes count, so that what sets all of them apart from the
  ///     others is no part of a direction (of a skin tone, say, that people alone have); empty for all images.
  ///   - labels: what a conditional model is told of the images. Of attributes that it is told its latents hold little:
  ///     `unsaid` finds directions in what they hold by themselves.
  ///   - progress: called after each batch with how many images of both data sets are done.
  /// - Throws: ``AnalysisError`` for images that do not fit, or without attributes, a name that is none of them, or a named
  ///   attribute that is one-sided; what reading an image throws.
  public init(
    of model: any FlowModel, training: any ImageDataset, heldOut: any ImageDataset, names: [String]? = nil,
    among: [String] = [], labels: LabelChoice = .own, batchSize: Int = 100, progress: (Int) throws -> Void = { _ in }
  ) throws {
    let named = AttributeColumns(of: training).names
    guard !named.isEmpty else {
      throw AnalysisError.dataset(
        name: training.name,
        problem: "its images have neither attributes (a file attributes.csv beside the pictures) nor classes (folders)")
    }
    let training = among.isEmpty ? training : try training.having(anyOf: among)
    // Held-out images may lack what is rare: then nothing is measured.
    let measured: (any ImageDataset)? = among.isEmpty ? heldOut : try? heldOut.having(anyOf: among)
    let all = AttributeColumns(of: training)
    let numbers = try names.map { try all.numbers(of: $0) } ?? Array(all.names.indices)
    let columns = numbers.map { number in { (index: Int) in all.value(number, at: index) } }
    var sums = try AttributeSums(attributes: numbers.count, dimensions: model.configuration.dimensions)
    var done = 0
    try model.forEachEncoded(training, labels: labels, batchSize: batchSize) { z, indices in
      try sums.add(z, columns.map { column in indices.map(column) })
      done += indices.count
      try progress(done)
    }

    let isTwoSided = { (i: Int) in sums.with[i] > 0 && sums.without[i] > 0 }
    oneSided = numbers.indices.filter { !isTwoSided($0) }.map {
      OneSided(name: all.names[numbers[$0]], with: sums.with[$0], without: sums.without[$0])
    }
    let place = "\(training.split.rawValue) split of \(training.name)"
    if let first = oneSided.first, names != nil || oneSided.count == numbers.count {
      throw AnalysisError.attribute(
        name: first.name,
        problem:
          "has \(counted(first.with, "image")) with and \(first.without) without it in the \(place); a direction needs both"
      )
    }
    let kept = numbers.indices.filter(isTwoSided)
    directions = try Self.directions(of: sums, kept, shapes: model.configuration.latentShapes)
    directions.model = try model.fingerprint()
    directions.configuration = try model.configurationFingerprint()
    directions.labels = labels
    directions.data =
      "\(counted(training.count, "image")) of the \(place)"
      + (among.isEmpty ? "" : " with \(among.joined(separator: " or "))")
    for (i, number) in kept.enumerated() { directions.attributes[i].name = all.names[numbers[number]] }

    if let measured {
      try directions.measure(on: measured, with: model, batchSize: batchSize) { try progress(done + $0) }
    }
  }

  private static func directions(
    of sums: AttributeSums, _ kept: [Int], shapes: [[Int]]
  ) throws -> AttributeDirections {
    let difference = try Tensor.concatenating(kept.map { try sums.differenceOfMeans($0) }, alongDimension: 0)
    let (whitened, shrinkage) = try sums.moments.whitened(difference)
    let square = try whitened.squared().sum([1], keepingDimensions: true).clamped(1e-300, .infinity)
    let discriminant = try whitened * ((whitened * difference).sum([1], keepingDimensions: true) / square)
    let rows: [AttributeDirections.Kind: Tensor] = [
      .mean: difference, .discriminant: discriminant, .regression: try sums.regression(kept),
    ]
    let lengths = try rows.mapValues { try $0.squared().sum([1]).squareRoot().elements(Double.self) }
    return AttributeDirections(
      attributes: kept.enumerated().map { i, number in
        .init(
          name: "", with: sums.with[number], without: sums.without[number],
          unknown: sums.moments.count - sums.with[number] - sums.without[number], heldOutWith: 0, heldOutWithout: 0,
          areaUnderROC: [:],
          length: Dictionary(uniqueKeysWithValues: lengths.map { ($0.rawValue, $1[i]) }))
      },
      model: "", data: "", labels: .own, shrinkage: shrinkage,
      rows: try rows.mapValues { try $0.converted(to: .float32) }, latentShapes: shapes)
  }
}

/// Sums over latents, of those with and of those without each attribute.
private struct AttributeSums {
  var with: [Int]
  var without: [Int]
  var moments: LatentMoments
  /// `[attributes, dimensions]`, float64.
  private let sumWith: Tensor
  private let sumWithout: Tensor
  /// Sums over images of products of the attributes' values (1, -1, 0 where not known), of values and whether they are known,
  /// and of whether two are known; `[attributes, attributes]`, float64.
  private let values: Tensor
  private let valuesKnown: Tensor
  private let known: Tensor

  init(attributes: Int, dimensions: Int) throws {
    with = [Int](repeating: 0, count: attributes)
    without = with
    moments = try LatentMoments(dimensions: dimensions)
    sumWith = try .zeros([attributes, dimensions], .float64)
    sumWithout = try .zeros([attributes, dimensions], .float64)
    values = try .zeros([attributes, attributes], .float64)
    valuesKnown = try .zeros([attributes, attributes], .float64)
    known = try .zeros([attributes, attributes], .float64)
  }

  /// - Parameter values: of each attribute, of each image.
  mutating func add(_ z: Tensor, _ values: [[Bool?]]) throws {
    try moments.add(z)
    func indicator(_ value: Bool) throws -> Tensor {
      try Tensor(values.flatMap { $0.map { $0 == value ? 1.0 : 0 } }, shape: [values.count, z.shape[0]])
    }
    let (isWith, isWithout) = (try indicator(true), try indicator(false))
    try sumWith.addMatmulInPlace(isWith, z)
    try sumWithout.addMatmulInPlace(isWithout, z)
    let (value, isKnown) = (try isWith - isWithout, try isWith + isWithout)
    try self.values.addMatmulInPlace(value, value.transposed)
    try valuesKnown.addMatmulInPlace(value, isKnown.transposed)
    try known.addMatmulInPlace(isKnown, isKnown.transposed)
    for (i, column) in values.enumerated() {
      with[i] += column.count { $0 == true }
      without[i] += column.count { $0 == false }
    }
  }

  /// What a linear fit by all of some attributes at once gives to each, from without to with, `[attributes, dimensions]`.
  ///
  /// A value that is not known counts as the attribute's mean, which says nothing. Attributes that are sums of others (classes)
  /// share what they explain: the matrix is kept away from singular by a thousandth of its mean variance.
  func regression(_ attributes: [Int]) throws -> Tensor {
    let numbers = try Tensor(attributes)
    func picked(_ matrix: Tensor) throws -> Tensor {
      try matrix.selecting(numbers, alongDimension: 0).selecting(numbers, alongDimension: 1)
    }
    let (products, mixed, both) = (try picked(values), try picked(valuesKnown), try picked(known))
    let mean = try (mixed.diagonal() / both.diagonal()).reshaped([-1, 1])
    let covariance = try products - mean * mixed.transposed - mixed * mean.transposed + mean * mean.transposed * both
    let variance = try covariance.diagonal().mean().item()
    let ridge = try Tensor.identity(attributes.count, .float64) * (1e-3 * variance)
    let (with, without) = (
      try sumWith.selecting(numbers, alongDimension: 0), try sumWithout.selecting(numbers, alongDimension: 0)
    )
    let centered = try (with - without) - mean * (with + without)
    return try (covariance + ridge).inverse().matmul(centered) * 2
  }

  /// `[1, dimensions]`
  func differenceOfMeans(_ attribute: Int) throws -> Tensor {
    let row = attribute..<attribute + 1
    return try sumWith.narrowed(0, row) / Double(with[attribute])
      - sumWithout.narrowed(0, row) / Double(without[attribute])
  }
}

extension AttributeDirections {
  /// Sets the held-out counts and areas of every attribute. An attribute that `heldOut` lacks gets none.
  fileprivate mutating func measure(
    on heldOut: any ImageDataset, with model: any FlowModel, batchSize: Int, progress: (Int) throws -> Void
  ) throws {
    let columns = AttributeColumns(of: heldOut)
    let numbers = attributes.map { columns.names.firstIndex(of: $0.name) }
    var scores = Kind.allCases.map { _ in attributes.map { _ in [Double]() } }
    var truths = attributes.map { _ in [Bool]() }
    let directions = try Kind.allCases.map { try rows[$0]!.converted(to: .float64).transposed }
    var done = 0
    try model.forEachEncoded(heldOut, labels: labels, batchSize: batchSize) { z, indices in
      let coordinates = try directions.map { try z.matmul($0).elements(Double.self) }
      for (row, index) in indices.enumerated() {
        for (i, number) in numbers.enumerated() {
          guard let value = number.flatMap({ columns.value($0, at: index) }) else { continue }
          truths[i].append(value)
          for kind in directions.indices { scores[kind][i].append(coordinates[kind][row * numbers.count + i]) }
        }
      }
      done += indices.count
      try progress(done)
    }
    for i in attributes.indices {
      attributes[i].heldOutWith = truths[i].count { $0 }
      attributes[i].heldOutWithout = truths[i].count { !$0 }
      for (kind, scores) in zip(Kind.allCases, scores) {
        attributes[i].areaUnderROC[kind.rawValue] = Analysis.areaUnderROC(scores[i], isPositive: truths[i])
      }
    }
  }
}
