import Files
import FlowModels
import Foundation
import Runs
import Torch

/// The `README.md` of an exported model, as model hubs show it: fields for programs, then a page for people. It says what is
/// known of the model and leaves out the rest.
///
/// ```swift
/// let checkpoint = try ModelLocation.resolve("runs/first")
/// let card = try HubCard(ModelFolder.read(checkpoint), in: checkpoint)
/// print(card.text)
/// ```
public struct HubCard: Sendable {
  /// What hubs expect the file to be called.
  public static let fileName = "README.md"
  /// By which a card is known again.
  private static let mark = "library_name: swift-glow"

  private let configuration: any FlowConfiguration
  private let parameters: Int
  private let images: TrainedImages?
  private let precision: DType?
  private let license: String?
  private let measured: Measured?
  private let origin: String?

  /// Bits per dimension of validation images, when the checkpoint was written.
  private struct Measured {
    var bitsPerDimension: Double
    var images: Int
    var seed: UInt64
    var seen: Int
  }

  /// - Parameters:
  ///   - folder: where the model was read from: a checkpoint says more than a model's folder.
  ///   - precision: of the weights on disk; nil for the model's own.
  ///   - license: an identifier such as `mit`; nil where nobody said.
  /// - Throws: `ModelError` or `TrainingError` naming the file and the field that is wrong.
  public init(
    _ model: any FlowModel, in folder: URL, as precision: DType? = nil, license: String? = nil
  ) throws {
    configuration = model.configuration
    parameters = model.parameters.count
    images = try TrainedImages(ofModel: folder)
    self.precision = precision
    self.license = license
    guard FileManager.default.fileExists(atPath: folder.appending(path: CheckpointSummary.stateName).path) else {
      (measured, origin) = (nil, nil)
      return
    }
    let state = try TrainingState.read(folder)
    let settings = state.configuration
    measured = state.validation.map {
      Measured(
        bitsPerDimension: $0, images: min(settings.validationImages, state.data?.validation.count ?? .max),
        seed: settings.seed, seen: state.imagesSeen)
    }
    // A path would name folders of this machine.
    origin = settings.from.map { URL(filePath: $0.model).lastPathComponent }
  }

  private var family: any FlowConfiguration.Type { type(of: configuration) }

  /// What the file holds.
  public var text: String { frontMatter + "\n" + page }

  private var frontMatter: String {
    var lines = ["---", Self.mark]
    if let license { lines.append("license: \(quoted(license))") }
    lines += [
      "pipeline_tag: unconditional-image-generation",
      "tags:", "- normalizing-flow", "- glow", "- image-generation",
      "family: \(family.kind)",
    ]
    if let images {
      lines.append("data: \(quoted(images.shareableData))")
      if images.isSeedKnown { lines.append("seed: \(images.seed)") }
    }
    if let measured { lines.append("bits_per_dim: \(String(format: "%.4f", measured.bitsPerDimension))") }
    return (lines + ["---", ""]).joined(separator: "\n")
  }

  private var page: String {
    [title, facts, use, measurement, citation].compactMap(\.self).joined(separator: "\n") + "\n"
  }

  private var title: String {
    """
    # \(configuration.summary)

    A \(family.title): a flow-based generative model with an exact likelihood of images, for swift-glow.

    """
  }

  private var facts: String {
    var rows = [
      (
        "images",
        "\(configuration.height)x\(configuration.width)x\(configuration.channels), \(counted(configuration.bits, "bit")) per channel"
      ),
      ("parameters", "\(parameters)" + (precision.map { ", \($0) on disk" } ?? "")),
    ]
    if let images {
      let counts =
        images.counts.map { ": \(counted($0.train, "training image")), \($0.validation) for validation" } ?? ""
      rows.append(("data", images.shareableData + counts))
      if images.isSeedKnown { rows.append(("seed", "\(images.seed)")) }
    }
    if let origin { rows.append(("begun as", origin)) }
    if !configuration.classNames.isEmpty {
      rows.append(("labels", configuration.classNames.joined(separator: ", ")))
    }
    if !configuration.attributeNames.isEmpty {
      rows.append(("attributes", configuration.attributeNames.joined(separator: ", ")))
    }
    let table = rows.map { "| \($0) | \(Self.cell($1)) |" }.joined(separator: "\n")
    return "| | |\n|---|---|\n\(table)\n"
  }

  private var use: String {
    """
    ## Use

    ```
    glow sample --model FOLDER --out samples.png
    ```

    ```python
    import swift_glow

    model = swift_glow.load("FOLDER")
    ```

    FOLDER is where this page and `model.safetensors` are.

    """
  }

  private var measurement: String? {
    guard let measured else { return nil }
    // Sets that are installed are found by their name.
    let isNamed = images.map { !$0.shareableData.contains("/") } ?? false
    let rounded = precision.map { $0.byteWidth < DType.float32.byteWidth } ?? false
    return """
      ## Likelihood

      \(String(format: "%.4f", measured.bitsPerDimension)) bits/dim on \(counted(measured.images, "validation image")), after training on \
      \(counted(measured.seen, "image"))\(rounded ? ", before the weights were rounded" : ""). The command is

      ```
      glow eval --model FOLDER\(isNamed ? "" : " --data DATA") --split validation --limit \(measured.images) --seed \(measured.seed)
      ```

      """
  }

  private var citation: String? {
    family.citation.isEmpty ? nil : "## Citation\n\n```bibtex\n\(family.citation)\n```\n"
  }

  /// Text of a table's cell.
  private static func cell(_ text: String) -> String { printable(text, limit: 4000).replacing("|", with: "\\|") }

  /// A string of YAML, which reads JSON's.
  private func quoted(_ text: String) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    return (try? encoder.encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
  }

  /// Writes the card into a model's folder, unless a page of another author is there.
  /// - Returns: whether it was written.
  /// - Throws: `TrainingError` naming the file.
  @discardableResult
  public func write(to folder: URL) throws -> Bool {
    let url = folder.appending(path: Self.fileName)
    do {
      if FileManager.default.fileExists(atPath: url.path),
        try !String(decoding: Data(contentsOf: url), as: UTF8.self).contains(Self.mark)
      {
        return false
      }
      try AtomicFile.store(Data(text.utf8), at: url)
      return true
    } catch { throw TrainingError("\(url.path) cannot be written: \(error.systemReason)") }
  }
}
