import Files
import Flows
import Torch

/// Everything that decides a Glow's shape: stored in each checkpoint, and enough to build the model again.
///
/// ```swift
/// var configuration = GlowConfiguration(height: 32, width: 32, channels: 3, levels: 3, steps: 8, hidden: 128)
/// configuration.scale = .bounded
/// print(configuration.summary, configuration.parameterCount)
/// let glow = try Glow(configuration, seed: 1)
/// ```
public struct GlowConfiguration: FlowConfiguration {
  public static let kind = "glow"
  public static let title = "Glow"
  public static var standard: Self { Self(height: 32, width: 32, channels: 3, levels: 3, steps: 8, hidden: 128) }
  public static let citation = """
    @inproceedings{kingma2018glow,
      title = {Glow: Generative Flow with Invertible 1x1 Convolutions},
      author = {Kingma, Diederik P. and Dhariwal, Prafulla},
      booktitle = {Advances in Neural Information Processing Systems},
      year = {2018}
    }
    """
  public static let features: Set<FlowFeature> = [.classifier, .keptActivations, .precision]
  public static var fields: [ConfigurationField<Self>] {
    [
      .integer("levels", "L, levels.", \.levels), .integer("steps", "K, steps of flow per level.", \.steps),
      .integer("hidden", "Hidden channels of the coupling networks.", \.hidden),
      .integer("bits", "Bits per channel, 1 to 8.", \.bits),
      .choice("permutation", "How a step of flow mixes channels.", \.permutation),
      .choice("coupling", "What a coupling does: add, or also multiply.", \.coupling),
      .choice("scale", "The function that gives an affine coupling its scale.", \.scale),
      .number("minimumScale", "Lower bound of the sigmoid scale; 0 as published.", \.minimumScale),
      .toggle("edgeChannel", "Mark the padding of 3x3 convolutions with a channel.", \.edgeChannel),
      .toggle("learnTop", "Learn the top prior.", \.learnTop),
      .number(
        "deviationLimit", "The most that a split prior's log standard deviation may be away from 0; 0 for no limit.",
        \.limitOrNone),
      .toggle("classifier", "Predict the label from the top latent (see --weight-y).", \.classifier),
    ]
  }
  public static var labelConditionings: [String] { ["none"] + LabelConditioning.allCases.map(\.rawValue) }

  /// How a step of flow mixes the channels before its coupling (Glow, section 3.2).
  public enum Permutation: String, JSONWord, Sendable {
    /// The channels in reverse order, as in RealNVP.
    case reverse
    /// A random order of the channels, drawn once.
    case shuffle
    /// The invertible 1x1 convolution with a plain matrix.
    case conv1x1
    /// The invertible 1x1 convolution in LU form.
    case conv1x1LU
  }

  /// How a coupling changes one half of the channels, given what its conditioner made of the other (Glow, table 1).
  public enum CouplingKind: String, JSONWord, Sendable {
    /// `y = x + shift` (NICE, Dinh et al. 2015): volume-preserving.
    case additive
    /// `y = (x + shift) * s`: shift and scale (RealNVP, section 3.2, where the scale comes first). For s see ``Scale``.
    case affine
  }

  /// Where a conditional model is told the label.
  public enum LabelConditioning: String, JSONWord, Sendable {
    /// In the top prior alone, one value per channel, as published.
    case prior
    /// In every prior, one value per channel.
    case priors
    /// In every prior, at every position, and in every conditioner.
    case everywhere
  }

  /// The distributions of the latents.
  public enum Priors: String, JSONWord, Sendable {
    /// As published: that of a split comes from the half that goes on; for the top's see ``learnTop``.
    case learned
    /// Every latent has a mean and a deviation of its own for each channel and position, and for each label where there
    /// are labels: for weights of other programs.
    case diagonal
  }

  /// What an affine coupling makes of its conditioner's raw output, to scale by; see `CouplingTransform.Scale`.
  public enum Scale: String, JSONWord, Sendable {
    /// `a + (1 - a) * sigmoid(raw + 2)`, a being ``minimumScale``; with a = 0 that of the released code.
    case sigmoid
    /// `exp(raw)`, the paper's formula.
    case exponential
    /// `exp(tanh(raw))`, between 1/e and e.
    case bounded
  }

  /// Pixels. Height and width are multiples of `2^levels`.
  public var height: Int
  public var width: Int
  /// 1 to 4.
  public var channels: Int
  /// Bits per channel of the data that the model describes, 1 to 8.
  public var bits = 8
  /// L.
  public var levels: Int
  /// K: steps of flow per level.
  public var steps: Int
  /// Hidden channels of the conditioners.
  public var hidden: Int
  /// The invertible 1x1 convolution in LU form unless set.
  public var permutation = Permutation.conv1x1LU
  /// Affine unless set.
  public var coupling = CouplingKind.affine
  /// Used by affine couplings; the sigmoid unless set, as in the released code.
  public var scale = Scale.sigmoid
  /// The lower bound `a` of the sigmoid scale `a + (1 - a) * sigmoid(raw + 2)`; 0 in the paper.
  public var minimumScale = 0.0
  /// Whether 3x3 convolutions see a channel that marks the padding.
  public var edgeChannel = false
  /// What ActNorm's stored log-scale is multiplied by.
  public var logScaleFactor = 1.0
  /// Whether mean and deviation of the top prior are learned.
  public var learnTop = true
  /// Labels that the model is conditioned on, in order; empty for none.
  public var classNames: [String] = []
  /// Attributes that the model is conditioned on, in order; nil for none.
  public var attributes: [String]?
  /// Which of them exclude each other; nil where that is not known.
  public var exclusions: [AttributeExclusion]?
  /// The attributes of some training images, a word each: `+` with, `-` without, `.` for not known; nil where none are kept.
  public var examples: [String]?
  /// Where the model is told its labels, or its attributes.
  public var labelConditioning = LabelConditioning.prior
  /// Nil for learned ones.
  public var priors: Priors?
  /// The most that the log standard deviation of a split's learned prior may be away from 0, such as 2; nil for no limit, as
  /// published. See `DeviationLimit`.
  public var deviationLimit: Double?
  /// Whether a head predicts the label from the top latent.
  public var classifier = false

  private var limitOrNone: Double {
    get { deviationLimit ?? 0 }
    set { deviationLimit = newValue == 0 ? nil : newValue }
  }

  /// All other fields are at their defaults. Nothing is checked before ``validate()``.
  public init(height: Int, width: Int, channels: Int, levels: Int, steps: Int, hidden: Int) {
    self.height = height
    self.width = width
    self.channels = channels
    self.levels = levels
    self.steps = steps
    self.hidden = hidden
  }

  public var summary: String {
    "Glow L=\(levels) K=\(steps) hidden=\(hidden), \(coupling.rawValue), \(permutation.rawValue)"
  }

  /// The shape of level `level`'s latent (1-based), `[height, width, channel]`.
  public func latentShape(level: Int) -> [Int] {
    let channels = channels << (level + 1)
    return [height >> level, width >> level, level == levels ? channels : channels / 2]
  }

  /// Throws a ``ModelError`` that says which field is wrong and what it should be.
  public func validate() throws {
    try ModelError.require((1...16).contains(levels), "levels", levels, "1 to 16")
    try ModelError.require((1...4096).contains(steps), "steps", steps, "1 to 4096")
    try ModelError.require((1...65536).contains(hidden), "hidden", hidden, "1 to 65536")
    try ModelError.require((1...4).contains(channels), "channels", channels, "1 to 4")
    try ModelError.require((1...8).contains(bits), "bits", bits, "1 to 8")
    let unit = 1 << levels
    try ModelError.require(
      height > 0 && height % unit == 0 && height <= 1 << 16, "height", height,
      "a multiple of \(unit), since each of the \(levels) levels halves it")
    try ModelError.require(
      width > 0 && width % unit == 0 && width <= 1 << 16, "width", width,
      "a multiple of \(unit), since each of the \(levels) levels halves it")
    try ModelError.require(
      minimumScale >= 0 && minimumScale < 1, "minimumScale", minimumScale, "at least 0 and below 1")
    try ModelError.require(
      logScaleFactor > 0 && logScaleFactor <= 100, "logScaleFactor", logScaleFactor, "above 0, up to 100")
    try ModelError.require(
      deviationLimit.map { $0 > 0 && $0 <= 100 } ?? true, "deviationLimit", deviationLimit ?? 0,
      "0 for no limit, or up to 100")
    try ModelError.require(
      deviationLimit == nil || priors != .diagonal, "deviationLimit", deviationLimit ?? 0,
      "0 where the priors are diagonal: nothing predicts them")
    try ModelError.require(
      Set(classNames.map(ExactName.init)).count == classCount, "classNames", classNames, "names that differ")
    try ModelError.require(
      !classifier || classCount > 1, "classifier", classifier, "false unless there are two labels or more")
    try ModelError.require(
      !classifier || labelConditioning == .prior, "classifier", classifier,
      "false where labelConditioning is \(labelConditioning.rawValue): the head would be told the label")
    try ModelError.require(
      Set(attributeNames.map(ExactName.init)).count == attributeNames.count && attributes != [], "attributes",
      attributeNames, "one name or more that differ, or none at all")
    try ModelError.require(
      attributeExclusions.allSatisfy { ([$0.attribute] + $0.absent + $0.unknown).allSatisfy(attributeNames.contains) },
      "exclusions",
      attributeExclusions.map(\.attribute), "none but of the attributes")
    try ModelError.require(
      (examples ?? []).allSatisfy { $0.count == attributeNames.count && $0.allSatisfy("+-.".contains) }, "examples",
      (examples ?? []).first ?? "", "words of \(attributeNames.count) characters, each +, - or .")
    try ModelError.require(
      attributeNames.isEmpty || classNames.isEmpty, "attributes", attributeNames,
      "none where there are labels: a model is conditioned on one or the other")
    try ModelError.require(
      priors != .diagonal || attributeNames.isEmpty, "attributes", attributeNames, "none where the priors are diagonal")
    try ModelError.require(
      priors != .diagonal || classCount == 0 || labelConditioning != .prior, "labelConditioning",
      labelConditioning.rawValue, "priors or everywhere where the priors are diagonal and there are labels")
  }

  public var sizeColumns: [String] { ["\(levels)", "\(steps)", "\(hidden)", coupling.rawValue] }

  public mutating func condition(onLabels names: [String], as choice: String?) throws {
    let chosen = choice.flatMap(LabelConditioning.init(rawValue:))
    if let chosen {
      guard !names.isEmpty else { throw ModelError.request("--labels \(chosen.rawValue): the images have no labels") }
      labelConditioning = chosen
    }
    let areTaken = choice == nil ? !classNames.isEmpty : chosen != nil
    classNames = areTaken ? names : []
    guard !classifier || !classNames.isEmpty else {
      throw ModelError.request("the classifier needs images with labels: add --no-classifier to train without")
    }
  }

  public var attributeNames: [String] { attributes ?? [] }

  public var attributeExclusions: [AttributeExclusion] {
    get { exclusions ?? [] }
    set { exclusions = newValue.isEmpty ? nil : newValue }
  }

  public var attributeExamples: [[Float]] {
    get { (examples ?? []).map { word in word.map { $0 == "+" ? 1 : $0 == "-" ? -1 : 0 } } }
    set {
      examples =
        newValue.isEmpty
        ? nil : newValue.map { row in String(row.map { $0 > 0 ? "+" : $0 < 0 ? "-" : "." as Character }) }
    }
  }

  public mutating func condition(onAttributes names: [String]) throws {
    (attributes, exclusions, examples) = (names.isEmpty ? nil : names, nil, nil)
    guard !names.isEmpty else { return }
    guard !classifier else {
      throw ModelError.request("the classifier predicts labels: add --no-classifier to condition on attributes")
    }
    (classNames, labelConditioning) = ([], .everywhere)
  }

  public func obstacle(to precision: ConditionerPrecision, on device: Device) -> String? {
    precision.obstacle(on: device, hidden: hidden)
  }

  public func activationCosts(batch: Int, precision: ConditionerPrecision) -> [ActivationCost] {
    (1...levels).map { level in
      ActivationCost(
        steps: steps, bytesPerStep: activationBytes(level: level, batch: batch, precision: precision))
    }
  }

  /// Bytes that one step of flow in float32 keeps: its input, the conditioner's two hidden layers and its output.
  private func activationBytes(level: Int, batch: Int, precision: ConditionerPrecision) -> Int {
    let channels = self.channels << (level + 1)
    let outputs = channels / 2 * transform.outputsPerChannel
    let pixels = (height >> level) * (width >> level)
    let hiddenBytes = (precision == .bfloat16 ? DType.bfloat16 : .float32).byteWidth
    return batch * pixels * ((channels + outputs) * DType.float32.byteWidth + 2 * hidden * hiddenBytes)
  }

  var transform: CouplingTransform {
    switch (coupling, scale) {
    case (.additive, _): .additive
    case (.affine, .sigmoid): .affine(.sigmoid(minimum: minimumScale))
    case (.affine, .exponential): .affine(.exponential)
    case (.affine, .bounded): .affine(.bounded)
    }
  }
}
