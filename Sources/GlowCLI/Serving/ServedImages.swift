import ArgumentParser
import Datasets
import Synchronization

/// The images to choose from of each model that is served, opened when they are first asked for.
final class ServedImages: Sendable {
  struct Found: Sendable {
    /// Nil where the model's images are not here, or do not fit it.
    var data: ModelData?
    var dataset: (any ImageDataset)?
  }

  private let named: [String: String]
  private let split: DatasetSplit
  private let opened = Mutex([String: Found]())

  /// - Parameter data: what `--data` says.
  /// - Throws: where it says something of a model twice, or where none of the models can use it.
  init(_ locations: [ServedLocation], named data: [String], split: DatasetSplit) throws {
    self.split = split
    named = try Self.byModel(data, locations)
    guard !data.isEmpty else { return }
    let results = locations.map { location in Result { try open(location) } }
    if results.allSatisfy({ if case .failure = $0 { true } else { false } }) { _ = try results[0].get() }
    for (location, result) in zip(locations, results) { keep(result, of: location) }
  }

  /// Says why where there are none.
  func of(_ location: ServedLocation) -> Found {
    opened.withLock { $0[location.name] } ?? keep(Result { try open(location) }, of: location)
  }

  private func open(_ location: ServedLocation) throws -> Found {
    let data = try ModelData(named[location.name], for: location.configuration, at: location.place)
    return Found(data: data, dataset: try data.open(split))
  }

  @discardableResult
  private func keep(_ result: Result<Found, any Error>, of location: ServedLocation) -> Found {
    var found = Found()
    do { found = try result.get() } catch { warn("no images to choose from\(location.mention): \(error)") }
    opened.withLock { $0[location.name] = found }
    return found
  }

  private static func byModel(_ data: [String], _ locations: [ServedLocation]) throws -> [String: String] {
    var (named, ofAll): ([String: String], String?) = ([:], nil)
    for text in data {
      if let sign = text.firstIndex(of: "="), let one = locations.first(where: { $0.name == text[..<sign] }) {
        guard named.updateValue(String(text[text.index(after: sign)...]), forKey: one.name) == nil else {
          throw ValidationError("--data \(text): \(one.name) has images already, name them once")
        }
      } else {
        guard ofAll == nil else {
          throw ValidationError(
            "--data \(text) is for all models, and so is --data \(ofAll!): write MODEL=SET, with MODEL one of "
              + locations.map(\.name).joined(separator: ", "))
        }
        ofAll = text
      }
    }
    return Dictionary(
      uniqueKeysWithValues: locations.compactMap { one in (named[one.name] ?? ofAll).map { (one.name, $0) } })
  }
}
