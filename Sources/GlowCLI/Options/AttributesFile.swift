import FlowModels
import Foundation

/// Directions of attributes that lie beside a model.
enum AttributesFile {
  static let name = "attributes.safetensors"

  /// In the model's folder or, of a checkpoint, in that of its run.
  static func beside(_ model: URL) -> URL? {
    let parent = model.deletingLastPathComponent()
    let places = [model] + (parent.lastPathComponent == "checkpoints" ? [parent.deletingLastPathComponent()] : [])
    return places.map { $0.appending(path: name) }.first { FileManager.default.fileExists(atPath: $0.path) }
  }
}
