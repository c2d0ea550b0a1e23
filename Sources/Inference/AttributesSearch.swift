import Analysis
import FlowModels
import Foundation

/// The directions of attributes that belong to a model, and why there are none.
package struct AttributesSearch: Sendable {
  /// The model, as it was asked for.
  let location: String
  /// The file that was named.
  let file: URL?
  /// Whether to look for one where none was named.
  let isLooking: Bool

  package static let fileName = "attributes.safetensors"

  /// - Parameter folder: the model's.
  /// - Throws: `AnalysisError`, `ModelError` or `SafetensorsError` for the file that was named.
  func directions(
    of model: any FlowModel, in folder: URL
  ) throws -> (directions: AttributeDirections?, problem: ModelDescription.AttributesProblem?) {
    if let file { return (try AttributeDirections(contentsOf: file, for: model), nil) }
    let places = isLooking ? Self.places(around: folder) : []
    let command = command(writingIn: places.last)
    var problem: ModelDescription.AttributesProblem?
    for file in places.map({ $0.appending(path: Self.fileName) })
    where FileManager.default.fileExists(atPath: file.path) {
      do { return (try AttributeDirections(contentsOf: file, for: model), nil) } catch {
        problem = problem ?? .init(kind(of: error), "\(error)", command: command)
      }
    }
    let looked =
      isLooking ? "the model's folder holds no \(Self.fileName)" : "the model was loaded without a file of them"
    return (nil, problem ?? .init(.none, looked, command: command))
  }

  /// The model's folder and, of a checkpoint, that of its run.
  static func places(around folder: URL) -> [URL] {
    let parent = folder.deletingLastPathComponent()
    return parent.lastPathComponent == "checkpoints" ? [folder, parent.deletingLastPathComponent()] : [folder]
  }

  /// The file of directions that lies beside a model; nil for none.
  /// - Parameter folder: the model's.
  package static func file(beside folder: URL) -> URL? {
    places(around: folder).map { $0.appending(path: fileName) }
      .first { FileManager.default.fileExists(atPath: $0.path) }
  }

  private func kind(of error: any Error) -> ModelDescription.AttributesProblem.Kind {
    guard case AnalysisError.directions(let misfit, _, _) = error else { return .unreadable }
    return switch misfit {
    case .stale: .stale
    case .otherModel: .otherModel
    }
  }

  /// What finds directions in this model.
  private func command(writingIn folder: URL?) -> String {
    let out = folder.map { $0.appending(path: Self.fileName).relativePath } ?? Self.fileName
    return "glow attributes fit --model \(Self.quoted(location)) --out \(Self.quoted(out))"
  }

  /// As one word of a shell.
  private static func quoted(_ text: String) -> String {
    let plain = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "/._-+=:@,".contains($0)) }
    return plain && !text.isEmpty ? text : "'\(text.replacing("'", with: "'\\''"))'"
  }
}
