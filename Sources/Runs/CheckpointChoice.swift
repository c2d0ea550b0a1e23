import Foundation

/// Which checkpoint of a run is meant, as a person writes it: `newest`, `best` (the lowest validation) or the number of
/// images after which it was written.
///
/// ```swift
/// let chosen = try RunFolder(URL(filePath: "runs/first")).checkpoint(.best)
/// let model = try ModelFolder.read(chosen.url)
/// print(chosen)  // images-320, the best by validation (3.2100 bits/dim); the newest is images-480
/// ```
public enum CheckpointChoice: Sendable, Hashable {
  /// The one that was written last.
  case newest
  /// The one with the lowest validation.
  case best
  /// The one that was written after so many images.
  case images(Int)

  /// - Returns: nil for what is neither a word nor a number of images, which may have `images-` before it.
  public init?(_ text: String) {
    switch text {
    case "newest": self = .newest
    case "best": self = .best
    default:
      guard let images = Int(text.hasPrefix("images-") ? String(text.dropFirst("images-".count)) : text), images >= 0
      else { return nil }
      self = .images(images)
    }
  }
}

/// A checkpoint that was taken of a run. Its description is the rest of a sentence that says which, and what others there
/// are to take.
public struct ChosenCheckpoint: Sendable, CustomStringConvertible {
  /// Its folder, which `ModelFolder` reads.
  public let url: URL
  /// The name of the newest of the run.
  public let newest: String
  /// The lowest validation of the run's checkpoints, and after how many images that one was written; nil if it is not
  /// known.
  public let best: (images: Int, bitsPerDimension: Double)?

  /// The folder's name, such as `images-480`.
  public var name: String { url.lastPathComponent }

  public var description: String {
    let isNewest = name == newest
    guard let best, best.bitsPerDimension.isFinite else {
      return name + (isNewest ? ", the newest" : "; the newest is \(newest)")
    }
    let bits = String(format: "%.4f bits/dim", best.bitsPerDimension)
    let bestName = RunFolder.checkpointName(best.images)
    switch (isNewest, name == bestName) {
    case (true, true): return "\(name), the newest, which is the best by validation too (\(bits))"
    case (true, false): return "\(name), the newest; the best by validation is \(bestName) (\(bits))"
    case (false, true): return "\(name), the best by validation (\(bits)); the newest is \(newest)"
    case (false, false): return "\(name); the newest is \(newest), the best by validation \(bestName) (\(bits))"
    }
  }
}

extension RunFolder {
  static func checkpointName(_ images: Int) -> String { "images-\(images)" }

  /// The checkpoint that is meant.
  /// - Throws: ``TrainingError`` if the run has no such checkpoint, naming those that it has; of ``CheckpointChoice/best``
  ///   also as ``CheckpointSummary``'s initializer.
  public func checkpoint(_ choice: CheckpointChoice) throws -> ChosenCheckpoint {
    let checkpoints = checkpoints
    guard let newest = checkpoints.last else { throw TrainingError("\(url.relativePath) holds no checkpoint") }
    func named(_ images: Int, _ what: String) throws -> URL {
      guard let found = checkpoints.first(where: { Self.images(of: $0) == images }) else {
        throw TrainingError(
          "\(url.relativePath) has no checkpoint \(what), expected "
            + (checkpoints.count > 1 ? "one of " : "") + checkpoints.map(\.lastPathComponent).joined(separator: ", "))
      }
      return found
    }
    let chosen: URL
    switch choice {
    case .newest: chosen = newest
    case .images(let images): chosen = try named(images, Self.checkpointName(images))
    case .best:
      guard let best = try CheckpointSummary(newest).best else {
        throw TrainingError(
          "\(url.relativePath) has no best checkpoint: none was written after a validation; name another with --checkpoint"
        )
      }
      chosen = try named(best.images, "\(Self.checkpointName(best.images)), the best,")
    }
    return ChosenCheckpoint(
      url: chosen, newest: newest.lastPathComponent, best: (try? CheckpointSummary(newest))?.best)
  }
}
