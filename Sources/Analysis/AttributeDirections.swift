import ModelImages
import FlowModels
import Torch

/// Directions in the latents of a model along which attributes of images change (Kingma & Dhariwal 2018, section 6).
///
/// Three an attribute, as rows `[attributes, dimensions]`:
/// - mean: d, the mean latent of images with the attribute less that of images without;
/// - discriminant: along w = S⁻¹ d, the direction of Fisher's linear discriminant, the one that tells the two best apart if
///   both are normal with one covariance. S is the covariance of all latents (`LatentMoments`); that of either side alone
///   would give the same direction (Sherman-Morrison). It is scaled to w (w·d) / (w·w);
/// - regression: what a least-squares fit of the latents by all attributes at once (-1 without, 1 with) gives to this one,
///   from without to with: the others are held fixed. Where attributes come together in the data, d has something of each.
///
/// Each direction times a strength s is added to a latent. With s = 1 the latent's coordinate along the direction moves
/// by the whole difference between the means of both sides: an average image without becomes, in that coordinate, an average
/// image with the attribute. A level of the latent that has become longer is scaled back to the norm that it had: latents of
/// images lie on shells about 0, and outside of them the inverse magnifies what no image has taught it, until pictures
/// dissolve into noise. One that has become shorter is left as it is, nearer to what the model thinks likely.
///
/// ```swift
/// let file = URL(filePath: "Models/fashion-mnist/attributes.safetensors")
/// let directions = try AttributeDirections(contentsOf: file, for: glow)
/// let pullover = try directions.number(of: "pullover")
/// let latents = try glow.encode(images, labels: labels)
/// let edited = try directions.edited(latents, [(attribute: pullover, strength: 1)], along: .mean)
/// let result = try glow.decode(edited, labels: labels)
/// ```
public struct AttributeDirections {
  /// How a direction is found; ``AttributeDirections`` has the formulas.
  public enum Kind: String, Codable, Sendable, CaseIterable {
    /// The difference between the mean latents of images with and without.
    case mean
    /// Fisher's linear discriminant, which tells images with from those without best.
    case discriminant
    /// A least-squares fit by all attributes at once, which holds the others fixed. Not in files of older programs.
    case regression
  }

  /// One attribute, and how well its directions tell images apart.
  public struct Attribute: Codable, Sendable, Hashable {
    /// What the data set calls it.
    public var name: String
    /// Images with the attribute that the directions are from.
    public var with: Int
    /// Images without the attribute that the directions are from.
    public var without: Int
    /// Images of which it is not known.
    public var unknown: Int
    /// Held-out images with the attribute that ``areaUnderROC`` is from.
    public var heldOutWith: Int
    /// Held-out images without the attribute that ``areaUnderROC`` is from.
    public var heldOutWithout: Int
    /// How well the coordinate along each direction tells held-out images with from those without: 1 always, 1/2 no better
    /// than chance. Without held-out images of both sides, no value.
    public var areaUnderROC: [Kind.RawValue: Double]
    /// The length of each direction: how far strength 1 moves a latent.
    public var length: [Kind.RawValue: Double]
  }

  /// In the order of the directions' rows.
  public var attributes: [Attribute]
  /// The model's `fingerprint()`.
  public var model: String
  /// The model's `configurationFingerprint()`; nil of a file that was written before there was one.
  public var configuration: String?
  /// For people: the data set's name and split.
  public var data: String
  /// Under which labels, or attributes, a conditional model's latents were taken.
  public var labels: LabelChoice
  /// The shrinkage of the covariance, 0 to 1.
  public var shrinkage: Double
  /// float32, `[attributes, dimensions]`.
  var rows: [Kind: Tensor]
  var latentShapes: [[Int]]

  /// The kinds of directions that there are.
  public var kinds: [Kind] { Kind.allCases.filter { rows[$0] != nil } }

  /// Keeps only some kinds of directions, and what was measured along them.
  public mutating func keep(_ wanted: Set<Kind>) {
    rows = rows.filter { wanted.contains($0.key) }
    let names = Set(wanted.map(\.rawValue))
    for number in attributes.indices {
      attributes[number].areaUnderROC = attributes[number].areaUnderROC.filter { names.contains($0.key) }
      attributes[number].length = attributes[number].length.filter { names.contains($0.key) }
    }
  }

  /// The number of the attribute called `name`.
  /// - Throws: ``AnalysisError`` with the names that there are.
  public func number(of name: String) throws -> Int {
    if let number = attributes.firstIndex(where: { $0.name == name }) { return number }
    if let number = attributes.firstIndex(where: { $0.name.lowercased() == name.lowercased() }) { return number }
    throw AnalysisError.attribute(
      name: name, problem: "is none of the file's: \(attributes.map(\.name).joined(separator: ", "))")
  }

  /// `latents + sum of strength * direction`, each level of each image at the norm that it had or a smaller one.
  /// - Parameters:
  ///   - strengths: of attributes, by number.
  ///   - latents: of one or more images; all are changed alike.
  ///   - limitingNorms: false for the sum alone.
  /// - Throws: ``AnalysisError`` for a kind that is not among ``kinds``.
  public func edited(
    _ latents: Latents, _ strengths: [(attribute: Int, strength: Double)], along kind: Kind, limitingNorms: Bool = true
  ) throws -> Latents {
    guard let rows = rows[kind] else {
      throw AnalysisError.request(
        "there are directions by \(kinds.map(\.rawValue).joined(separator: ", ")), none by \(kind.rawValue): take one of "
          + "those, or fit them anew with glow attributes fit")
    }
    var sum = try Tensor.zeros([1, latentShapes.reduce(0) { $0 + $1.reduce(1, *) }])
    for (attribute, strength) in strengths {
      sum = try sum + rows[attribute...attribute] * strength
    }
    let shift = try Latents(rows: sum, shapes: latentShapes)
    return Latents(
      levels: try zip(latents.levels, shift.levels).map { level, shift in
        let moved = try level + shift.converted(to: level.dtype, on: level.device)
        guard limitingNorms else { return moved }
        return try moved * (level.norms() / moved.norms().clamped(1e-12, .infinity)).clamped(0, 1)
      })
  }
}

extension Tensor {
  /// Of each image of a level, `[count, 1, 1, 1]`.
  fileprivate func norms() throws -> Tensor {
    try reshaped([shape[0], -1]).squared().sum([1]).squareRoot().reshaped([shape[0], 1, 1, 1])
  }
}
