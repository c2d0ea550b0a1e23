import FlowModels
import Files
import Foundation

/// How another program names and shapes the weights of a Glow: a data file, read both ways. `docs/import.md` describes it.
///
/// ```swift
/// print(WeightLayout.shippedNames)
/// let layout = try WeightLayout.named("normflows")
/// let glow = try layout.read(URL(filePath: "nf.safetensors"), size: (height: 32, width: 32))
/// try layout.write(glow, to: URL(filePath: "back.safetensors"))
/// ```
public struct WeightLayout: Sendable {
  /// The layout's name: that of its file, without the suffix.
  public let name: String
  /// What it is a layout of, in a line.
  public var summary: String { content.summary }
  /// The path of its file.
  let file: String
  let content: Content

  struct Content: Decodable, Sendable {
    var layout: Int
    var summary: String
    /// Fields of ``GlowConfiguration`` that every model of this layout has.
    var model: [String: JSONValue]
    var sizes: [String: LayoutSize]
    var tensors: [LayoutRule]
    /// What may differ from model to model.
    var choices: [LayoutChoice]

    private enum Key: String, CodingKey, CaseIterable { case layout, summary, model, sizes, tensors, choices }

    init(from decoder: any Decoder) throws {
      try decoder.requireKeys(Key.self)
      let container = try decoder.container(keyedBy: Key.self)
      layout = try container.decode(Int.self, forKey: .layout)
      summary = try container.decode(String.self, forKey: .summary)
      model = try container.decodeIfPresent([String: JSONValue].self, forKey: .model) ?? [:]
      sizes = try container.decodeIfPresent([String: LayoutSize].self, forKey: .sizes) ?? [:]
      tensors = try container.decode([LayoutRule].self, forKey: .tensors)
      choices = try container.decodeIfPresent([LayoutChoice].self, forKey: .choices) ?? []
    }
  }

  /// Reads a layout's file.
  /// - Throws: `ModelError` naming the file and the field that is wrong.
  public init(contentsOf url: URL) throws {
    file = url.path
    name = url.deletingPathExtension().lastPathComponent
    let data: Data
    do { data = try Data(contentsOf: url) } catch {
      throw ModelError.file(url.path, reason: "cannot be read: \(error.systemReason)")
    }
    content = try ModelFolder.decode(Content.self, data, file: url.path)
    guard content.layout == 1 else {
      throw ModelError.file(file, reason: "field layout is \(content.layout), this program reads 1")
    }
  }

  /// The layouts that come with the program.
  public static var shippedNames: [String] { (try? shipped().names) ?? [] }

  private static func shipped() throws -> (folder: URL, names: [String]) {
    let folder = try ProgramFiles.current.resources("Layouts", of: "WeightLayouts")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return (folder, names.filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }.sorted())
  }

  /// - Parameter text: the name of a layout that comes with the program, or the path of a file.
  public static func named(_ text: String) throws -> WeightLayout {
    if text.hasSuffix(".json") || text.contains("/") { return try WeightLayout(contentsOf: URL(filePath: text)) }
    let (folder, known) = try shipped()
    guard known.contains(text) else {
      throw ModelError.request(
        "there is no layout \"\(text)\": give the path of a layout's .json file, or one of \(known.joined(separator: ", "))"
      )
    }
    return try WeightLayout(contentsOf: folder.appending(path: text + ".json"))
  }

  /// The layout is at fault, not the weights.
  func fault(_ reason: String) -> ModelError { .file(file, reason: reason) }
}
