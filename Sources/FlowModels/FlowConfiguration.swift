import Files
import Flows
import Safetensors
import Torch

/// Everything that decides a model's shape: stored in each checkpoint, and enough to build the model again.
///
/// A conforming type is a family of models, entered in ``ModelFamilies``: training, checkpoints, evaluation, sampling and
/// the command line ask it for everything that differs from family to family.
public protocol FlowConfiguration: Codable, Sendable, Hashable {
  /// What a checkpoint and the command line call this family, such as `glow`.
  static var kind: String { get }
  /// What sentences call it, such as `Glow`.
  static var title: String { get }
  /// A small model of this family: what training starts from where no preset is named.
  static var standard: Self { get }
  /// The fields that a person may set by name, such as with a flag of `glow train`.
  static var fields: [ConfigurationField<Self>] { get }
  /// The ways in which a model can be conditioned on labels, by the names that ``condition(onLabels:as:)`` takes;
  /// `none` alone for a family that is not conditional.
  static var labelConditionings: [String] { get }
  /// The paper that describes the family, as BibTeX; empty, as it is unless given, for none.
  static var citation: String { get }
  /// Settings of training that have a meaning for this family.
  static var features: Set<FlowFeature> { get }

  /// Rows of pixels.
  var height: Int { get set }
  /// Columns of pixels.
  var width: Int { get set }
  /// 1 to 4.
  var channels: Int { get set }
  /// Bits per channel of the data that the model describes, 1 to 8.
  var bits: Int { get set }
  /// How many latents an image has.
  var levels: Int { get }
  /// Labels that the model is conditioned on, in order; empty for none.
  var classNames: [String] { get }
  /// Attributes that the model is conditioned on, in order; empty for none. A model has labels or attributes, not both.
  var attributeNames: [String] { get }

  /// The numbers that training changes: what the model's `parameters` would count, without building it.
  var parameterCount: Int { get }
  /// The model's kind and size in a few words.
  var summary: String { get }
  /// The columns of `glow presets` that say how large a model is: levels, steps of flow per level, hidden channels, and the
  /// kind of coupling.
  var sizeColumns: [String] { get }

  /// The shape of level `level`'s latent (1-based), `[height, width, channel]`.
  func latentShape(level: Int) -> [Int]
  /// Throws a ``ModelError`` that says which field is wrong and what it should be.
  func validate() throws
  /// A model with fresh weights.
  func makeModel(options: TensorOptions, seed: UInt64) throws -> any FlowModel
  /// The layers of a ``MultiscaleFlow``, with fresh weights.
  func makeArchitecture(options: TensorOptions, using generator: Generator) throws -> MultiscaleArchitecture

  /// Conditions the model on a data set's labels, or not.
  /// - Parameters:
  ///   - names: of the data set's labels; empty where it has none.
  ///   - choice: one of ``labelConditionings``; nil to leave it as the configuration has it.
  /// - Throws: ``ModelError`` where the images have no labels that the choice needs.
  mutating func condition(onLabels names: [String], as choice: String?) throws

  /// Conditions the model on attributes, each known or not; where ``labelConditionings`` says, as labels are.
  /// - Throws: ``ModelError`` for a family, or a configuration, that cannot be.
  mutating func condition(onAttributes names: [String]) throws
  /// Which of the attributes that the model is conditioned on exclude each other; empty where that is not known.
  var attributeExclusions: [AttributeExclusion] { get set }
  /// What is known of the attributes of some training images, `[images][attributes]`, as samples have them: 1 with, -1 without, 0 for
  /// not known. Empty where none are kept.
  var attributeExamples: [[Float]] { get set }

  /// Why the model cannot compute in a precision; nil if it can.
  func obstacle(to precision: ConditionerPrecision, on device: Device) -> String?
  /// For each group of steps, mostly those of a level, how many can keep their activations, and the bytes that each takes:
  /// the groups of ``MultiscaleArchitecture/Level``, level by level. Empty for a family whose backward pass always rebuilds
  /// them.
  func activationCosts(batch: Int, precision: ConditionerPrecision) -> [ActivationCost]
}

/// What training can do with some families of models and not with others.
public enum FlowFeature: String, Sendable, CaseIterable {
  /// A head that predicts the label.
  case classifier
  /// Activations that are kept instead of rebuilt.
  case keptActivations
  /// Conditioners in another precision than the model's.
  case precision
}

/// What keeping activations takes in one group of steps.
public struct ActivationCost: Sendable, Hashable {
  /// Steps of flow.
  public let steps: Int
  /// What each of them takes for one batch.
  public let bytesPerStep: Int

  /// - Parameter bytesPerStep: for one batch.
  public init(steps: Int, bytesPerStep: Int) {
    self.steps = steps
    self.bytesPerStep = bytesPerStep
  }
}

extension FlowConfiguration {
  public static var labelConditionings: [String] { ["none"] }
  public static var features: Set<FlowFeature> { [] }
  public static var citation: String { "" }

  /// None: a family that is not conditional.
  public var classNames: [String] { [] }
  public var attributeNames: [String] { [] }

  public var sizeColumns: [String] { ["\(levels)", "", "", ""] }

  public func makeModel(options: TensorOptions, seed: UInt64) throws -> any FlowModel {
    try MultiscaleFlow(self, options: options, seed: seed)
  }

  public mutating func condition(onLabels names: [String], as choice: String?) throws {
    guard choice == nil || choice == "none" else {
      throw ModelError.request("a \(Self.title) is not conditional: it takes no labels")
    }
  }

  public var attributeExclusions: [AttributeExclusion] {
    get { [] }
    set {}
  }

  public var attributeExamples: [[Float]] {
    get { [] }
    set {}
  }

  public mutating func condition(onAttributes names: [String]) throws {
    throw ModelError.request("a \(Self.title) is not conditional: it takes no attributes")
  }

  public func obstacle(to precision: ConditionerPrecision, on device: Device) -> String? {
    precision == .float32
      ? nil : "a \(Self.title) multiplies no \(precision.rawValue): its precision is float32"
  }

  public func activationCosts(batch: Int, precision: ConditionerPrecision) -> [ActivationCost] { [] }

  /// Whether a data set's labels are the model's: of the same names in the same order, the last of the model's perhaps
  /// missing.
  public func hasLabels(_ names: [String]) -> Bool { classNames.begin(with: names) }

  /// How many labels the model is conditioned on; 0 for none.
  public var classCount: Int { classNames.count }

  /// The numbers that say an image's condition: one a label, or one an attribute; 0 where there is none.
  public var conditionCount: Int { classNames.count + attributeNames.count }

  /// The condition of an image of which some attributes are said, `[attributes]`: 1 for one that it has, -1 for one that it
  /// has not, 0 where nothing is said.
  /// - Throws: ``ModelError`` for a name that is none of the model's, or that stands on both sides.
  public func attributes(with: [String], without: [String] = []) throws -> [Float] {
    try attributes(strengths: with.map { ($0, 1) } + without.map { ($0, -1) })
  }

  /// The condition of images of which attributes are said by strength, `[attributes]`, 0 where nothing is said.
  ///
  /// Images are told with 1 or -1 in training. A greater strength draws what tells images with an attribute from those without
  /// more clearly, and them less alike the training's.
  /// - Parameter strengths: by the attribute's name, within ``AttributeStrength/range``.
  /// - Throws: ``ModelError`` for a name that is none of the model's, for one that stands there with two strengths, and for a
  ///   strength out of range.
  public func attributes(strengths: [(name: String, strength: Double)]) throws -> [Float] {
    var row = [Float](repeating: 0, count: attributeNames.count)
    for (name, strength) in strengths {
      let place = try attributeNumber(name)
      let (own, value) = (attributeNames[place], Float(strength))
      guard AttributeStrength.range.contains(strength) else {
        let range = AttributeStrength.range
        throw ModelError.request(
          "attribute \(own) has the strength \(strength.formatted()), expected \(range.lowerBound.formatted()) to "
            + range.upperBound.formatted())
      }
      guard row[place] * value >= 0 else {
        throw ModelError.request("attribute \(own) is asked for and ruled out: say one of both")
      }
      guard row[place] == 0 || row[place] == value else {
        throw ModelError.request(
          "attribute \(own) is said with the strengths \(row[place].formatted()) and \(value.formatted()): say one of both"
        )
      }
      row[place] = value
    }
    return row
  }

  /// The place of an attribute among ``attributeNames``, in whatever case its name is written.
  /// - Throws: ``ModelError`` with the names that there are.
  public func attributeNumber(_ name: String) throws -> Int {
    if let place = attributeNames.firstIndex(of: name) { return place }
    if let place = attributeNames.firstIndex(where: { $0.lowercased() == name.lowercased() }) { return place }
    throw ModelError.request(
      attributeNames.isEmpty
        ? "attribute \(name) is asked for, and the model is not conditioned on attributes"
        : "attribute \(name) is none of the model's: \(attributeNames.joined(separator: ", "))")
  }

  /// Throws a ``ModelError`` if the model would have far more parameters than `weights` can fill: what a few numbers ask for
  /// is not allocated on their word alone.
  /// - Parameter timesStored: how many parameters one number of the file may become.
  package func requireRoom(in weights: SafetensorsFile, timesStored: Int) throws {
    let stored = weights.entries.values.reduce(0) { $0 + $1.elementCount }
    // Small models are built, so that the tensor that is missing can be named.
    let small = 1 << 20
    guard parameterCount <= max(small, stored * timesStored) else {
      throw ModelError.file(
        weights.path,
        reason: "holds \(stored) numbers, too few for the \(parameterCount) parameters of the model (\(summary))")
    }
  }

  /// Dimensions per image, D.
  public var dimensions: Int { height * width * channels }
}

extension [String] {
  /// Whether these labels of a model begin with those of a data set, which has some.
  package func begin(with names: [String]) -> Bool { !names.isEmpty && starts(with: names) }
}
