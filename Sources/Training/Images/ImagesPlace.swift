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
