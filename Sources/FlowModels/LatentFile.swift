import Foundation
import Torch

/// Latents on disk: a safetensors file with `level1`, `level2`, ... and, of a conditional model, `labels`.
public struct LatentFile {
  public var latents: Latents
  /// int64 `[count]`: what the images were encoded under.
  public var labels: Tensor?

  public init(latents: Latents, labels: Tensor?) {
    self.latents = latents
    self.labels = labels
  }

  public func write(to url: URL) throws {
    let levels = latents.levels.enumerated().map { SafetensorsItem(name: "level\($0 + 1)", tensor: $1) }
    let labels = labels.map { [SafetensorsItem(name: "labels", tensor: $0)] } ?? []
    try SafetensorsWriter.write(labels + levels, metadata: ["format": "swift-glow latents"], to: url)
  }

  /// Reads latents that fit `model`.
  /// - Throws: ``ModelError`` or `SafetensorsError`, naming the file and the tensor.
  public init(contentsOf url: URL, for model: any FlowModel) throws {
    let file = try SafetensorsFile(contentsOf: url)
    let configuration = model.configuration
    var count: Int?
    latents = Latents(
      levels: try (1...configuration.levels).map { level in
        let name = "level\(level)"
        let entry = try file.entry(name)
        let expected = configuration.latentShape(level: level)
        guard entry.shape.count == 4, Array(entry.shape.dropFirst()) == expected, entry.shape[0] > 0,
          entry.shape[0] == count ?? entry.shape[0]
        else {
          throw ModelError.checkpoint(
            file: url.path,
            reason:
              "tensor \(name) has shape \(entry.shape), the model expects [\(count.map(String.init) ?? "count")] + "
              + "\(expected)")
        }
        count = entry.shape[0]
        return try file.tensor(name).converted(to: model.options.dtype, on: model.options.device)
      })
    guard configuration.classCount > 0 else { return }
    let stored = try file.tensor("labels").elements(Int.self)
    guard stored.count == count, stored.allSatisfy({ (0..<configuration.classCount).contains($0) }) else {
      throw ModelError.checkpoint(
        file: url.path,
        reason: "tensor labels must hold one number below \(configuration.classCount) for each of the \(count!) images")
    }
    labels = try Tensor(stored, on: model.options.device)
  }
}
