import ArgumentParser
import FlowModels
import Foundation
import Runs
import Studio
import Training

/// A model to serve.
struct ServedLocation {
  let place: ModelPlace
  /// What requests call it.
  let name: String
  let configuration: any FlowConfiguration
  /// Whether there are others.
  private let isOneOfSeveral: Bool

  /// What notes say of which model they are; nothing where there is one.
  var mention: String { isOneOfSeveral ? " for \(name)" : "" }

  /// - Parameter isEveryCheckpoint: of runs, all that they keep in place of one.
  /// - Throws: what finding a model throws; `ValidationError` for one that is given twice.
  static func all(
    _ texts: [String], checkpoint: CheckpointChoice?, isEveryCheckpoint: Bool = false
  ) throws -> [ServedLocation] {
    try made(
      of: zip(texts, distinctNames(of: texts)).flatMap { text, name in
        try (isEveryCheckpoint ? everyCheckpoint(of: text, name) : nil) ?? [
          (try ModelPlace(text, checkpoint: checkpoint), name)
        ]
      })
  }

  private static func made(of places: [(place: ModelPlace, name: String)]) throws -> [ServedLocation] {
    var seen: [String: String] = [:]
    return try places.map { place, name in
      let path = place.folder.standardizedFileURL.resolvingSymlinksInPath().path
      if let earlier = seen.updateValue(place.location, forKey: path) {
        throw ValidationError("--model \(place.location) is the same as --model \(earlier): name each once")
      }
      return ServedLocation(
        place: place, name: name, configuration: try ModelFolder.readConfiguration(place.folder),
        isOneOfSeveral: places.count > 1)
    }
  }

  /// The shipped models, and below a folder the newest checkpoint of each run, or all. A run that cannot be read is said so.
  static func everything(runs: URL, isEveryCheckpoint: Bool) throws -> [ServedLocation] {
    let found = ((try? RunSummary.runs(in: runs)) ?? []).filter { !$0.checkpoints.isEmpty }.map(\.url.relativePath)
    let texts = (ModelLocation.shippedNames + found).filter(isReadable)
    return try made(
      of: zip(texts, distinctNames(of: texts)).flatMap { text, name in
        if isEveryCheckpoint, let every = everyCheckpoint(of: text, name) { return every }
        let folder = try ModelLocation.resolve(text)
        let checkpoint = ModelLocation.checkpoints(of: URL(filePath: text)).last?.lastPathComponent
        return [(ModelPlace(location: text, folder: folder, checkpoint: checkpoint), name)]
      })
  }

  private static func isReadable(_ text: String) -> Bool {
    do {
      _ = try ModelFolder.readConfiguration(ModelLocation.resolve(text))
      return true
    } catch {
      warn("\(text) is left out: \(error)")
      return false
    }
  }

  /// The newest first; nil of what is no run.
  private static func everyCheckpoint(of text: String, _ name: String) -> [(ModelPlace, String)]? {
    let folder = URL(filePath: text)
    guard !ModelLocation.isModel(folder) else { return nil }
    let checkpoints = ModelLocation.checkpoints(of: folder)
    guard !checkpoints.isEmpty else { return nil }
    return checkpoints.reversed().map {
      (ModelPlace(location: text, folder: $0, checkpoint: $0.lastPathComponent), "\(name)@\($0.lastPathComponent)")
    }
  }

  /// What is known of it without its weights.
  func card() throws -> ModelCard {
    let weights = place.folder.appending(path: "model.safetensors")
    let bytes = (try? FileManager.default.attributesOfItem(atPath: weights.path))?[.size] as? Int
    let summary = try? CheckpointSummary(place.folder)
    let trained = try? TrainedImages(ofModel: place.folder)
    return ModelCard(
      name, configuration, bytes: bytes ?? 4 * configuration.parameterCount, trainedOn: summary?.data ?? trained?.data,
      trainedImages: summary?.images, bitsPerDimension: summary?.validation)
  }

  /// The last part of each path; where those are the same, as many parts as tell them apart, else a number.
  private static func distinctNames(of texts: [String]) -> [String] {
    let paths = texts.map { text in
      text.contains("/") ? URL(filePath: text).standardizedFileURL.pathComponents.filter { $0 != "/" } : [text]
    }
    var lengths = paths.map { _ in 1 }
    func names() -> [String] { zip(paths, lengths).map { $0.suffix($1).joined(separator: "/") } }
    for _ in 0..<(paths.map(\.count).max() ?? 0) {
      let counts = Dictionary(grouping: names(), by: \.self).mapValues(\.count)
      for (index, name) in names().enumerated() where counts[name]! > 1 {
        lengths[index] = min(lengths[index] + 1, paths[index].count)
      }
    }
    var taken: Set<String> = []
    return names().map { name in
      var (own, number) = (name, 1)
      while !taken.insert(own).inserted {
        number += 1
        own = "\(name)-\(number)"
      }
      return own
    }
  }
}
