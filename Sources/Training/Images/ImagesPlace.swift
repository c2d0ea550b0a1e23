import Datasets
import Foundation

/// Where the images of a run were when it last began: in full, and as seen from the run's folder, so that a project whose
/// folders move together still finds them.
struct ImagesPlace: Codable, Sendable {
  /// As `DatasetSource` reads it, with the whole path.
  var source: String
  /// The path of `source`'s folder from the folder of the run or model.
  var fromHere: String

  init(_ source: DatasetSource, from home: URL) {
    self.source = source.description
    fromHere = Self.path(to: source.directory, from: home)
  }

  /// - Returns: nil for what is no source or has a place of its own on every machine.
  init?(_ data: String, from home: URL) {
    guard let source = try? DatasetSource(parsing: data), !source.isInstalled else { return nil }
    self.init(source, from: home)
  }

  /// As a model says it that may be given away: the folder by its name alone, and the way to it from the model's folder.
  /// - Returns: nil where that way would name folders of this machine: it leads over the root, or over a folder right below,
  ///   and down into more than the images' own.
  init?(shareable source: DatasetSource, from home: URL) {
    let target = source.directory.resolvingSymlinksInPath().standardizedFileURL.pathComponents
    let common = zip(target, home.resolvingSymlinksInPath().standardizedFileURL.pathComponents).prefix { $0 == $1 }
      .count
    guard common > 2 || common >= target.count - 1 else { return nil }
    self.source = source.shareableDescription
    fromHere = Self.path(to: source.directory, from: home)
  }

  /// Both places, in the order in which to look.
  func sources(from home: URL) -> [DatasetSource] {
    guard let source = try? DatasetSource(parsing: source) else { return [] }
    let seen = home.resolvingSymlinksInPath().appending(path: fromHere).standardizedFileURL
    return [source, source.moved(to: URL(filePath: seen.path))]
  }

  private static func path(to target: URL, from home: URL) -> String {
    let target = target.resolvingSymlinksInPath().standardizedFileURL.pathComponents
    let home = home.resolvingSymlinksInPath().standardizedFileURL.pathComponents
    let common = zip(target, home).prefix { $0 == $1 }.count
    let steps = [String](repeating: "..", count: home.count - common) + target.dropFirst(common)
    return steps.isEmpty ? "." : steps.joined(separator: "/")
  }
}

extension DatasetSource {
  /// The description, with the folder's own name in place of its path.
  var shareableDescription: String {
    let (text, path) = (description, directory.path)
    return !isInstalled && text.hasSuffix(path) ? text.dropLast(path.count) + "./" + directory.lastPathComponent : text
  }
}
