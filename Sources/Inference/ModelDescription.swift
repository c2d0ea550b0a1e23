import Analysis
import FlowModels

/// What there is to know of a loaded model, for people and for programs that use it from afar.
public struct ModelDescription: Codable, Sendable, Hashable {
  /// An attribute that images can be edited by.
  public struct Attribute: Codable, Sendable, Hashable {
    /// What the file with the directions calls it.
    public var name: String
    /// How well the mean direction tells held-out images with the attribute from those without: 1 always, 1/2 no better
    /// than chance; nil where it was not measured.
    public var areaUnderROC: Double?
    /// The same for each direction by its kind, those that were measured.
    public var areasUnderROC: [AttributeDirections.Kind.RawValue: Double]
    /// The number of images with the attribute that the directions are from.
    public var with: Int
    /// The number of images without the attribute that the directions are from.
    public var without: Int
  }

  /// Why a model has no attributes.
  public struct AttributesProblem: Codable, Sendable, Hashable {
    /// What is wrong with the file with the directions, for programs.
    public enum Kind: String, Codable, Sendable, CaseIterable {
      /// There is no file with directions.
      case none
      /// Its directions are of other weights of the model.
      case stale
      /// Its directions are of another model.
      case otherModel
      /// It is damaged, or no such file.
      case unreadable
    }

    /// For programs.
    public var kind: Kind
    /// A sentence.
    public var detail: String
    /// What makes a file that fits, for a shell.
    public var command: String?

    /// - Parameters:
    ///   - detail: a sentence.
    ///   - command: what makes a file that fits, for a shell; nil where nothing does.
    public init(_ kind: Kind, _ detail: String, command: String? = nil) {
      (self.kind, self.detail, self.command) = (kind, detail, command)
    }
  }

  /// As the model was asked for: the name of a shipped model or a folder's last name.
  public var name: String
  /// The family of the model: `glow`, `realnvp`, `masked-glow` or one that the program registered.
  public var kind: String
  /// The model's kind and size in a few words, such as `Glow L=2 K=8 hidden=64, affine, conv1x1LU`.
  public var summary: String
  /// The width of images, in pixels.
  public var width: Int
  /// The height of images, in pixels.
  public var height: Int
  /// The channels of images: 1 for gray, 3 for RGB.
  public var channels: Int
  /// Bits per channel.
  public var bits: Int
  /// The shape of each level's latent, the finest first, `[height, width, channel]`.
  public var latentShapes: [[Int]]
  /// The numbers that training changed.
  public var parameters: Int
  /// Labels that the model is conditioned on; empty for none.
  public var labels: [String]
  /// Attributes that the model is told; empty for none.
  public var conditions: [String]
  /// Those that images can be moved along.
  public var attributes: [Attribute]
  /// The kinds of directions that there are; none without attributes.
  public var directions: [AttributeDirections.Kind]
  /// In what share of pictures a judge sees an attribute once an edit has given it: by the kind of edit, `told` or a direction's
  /// kind, then by the attribute; empty where nobody has judged.
  public var turned: [String: [String: Double]]
  /// Why there are no ``attributes``; nil where there are some.
  public var attributesProblem: AttributesProblem?

  init(
    name: String, _ model: any FlowModel, _ directions: AttributeDirections?, _ attributesProblem: AttributesProblem?,
    turned: [String: [String: Double]] = [:]
  ) {
    self.init(name: name, model.configuration)
    self.turned = turned
    attributes = (directions?.attributes ?? []).map { attribute in
      Attribute(
        name: attribute.name, areaUnderROC: attribute.areaUnderROC[AttributeDirections.Kind.mean.rawValue],
        areasUnderROC: attribute.areaUnderROC, with: attribute.with, without: attribute.without)
    }
    self.directions = directions?.kinds ?? []
    self.attributesProblem = attributesProblem
  }

  /// What is known before the model is loaded: all but the attributes, of which it is said neither which there are nor why there
  /// are none.
  public init(name: String, _ configuration: any FlowConfiguration) {
    self.name = name
    kind = type(of: configuration).kind
    summary = configuration.summary
    width = configuration.width
    height = configuration.height
    channels = configuration.channels
    bits = configuration.bits
    latentShapes = (1...configuration.levels).map { configuration.latentShape(level: $0) }
    parameters = configuration.parameterCount
    labels = configuration.classNames
    conditions = configuration.attributeNames
    (attributes, directions, turned) = ([], [], [:])
  }

  /// Whether a data set's labels are the model's: of the same names in the same order, the last perhaps missing.
  public func hasLabels(_ names: [String]) -> Bool { labels.begin(with: names) }

  /// How many latents an image has.
  public var levels: Int { latentShapes.count }
}
