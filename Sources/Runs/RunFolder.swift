import Files
import FlowModels
import Foundation

/// A training run on disk: `checkpoints/images-N/`; `metrics.jsonl`, a line about once per hundred steps; `layers.jsonl`, a
/// line a validation; `log.jsonl`, what happened; and `samples.png`, samples as of the last validation.
///
/// ```swift
/// let run = RunFolder(URL(filePath: "runs/first"))
/// for line in try run.metrics() { print(line.images, line.trainBitsPerDimension) }
/// print(run.checkpoints.last?.lastPathComponent ?? "no checkpoint yet")
/// ```
public struct RunFolder: Sendable {
  /// The folder itself.
  public let url: URL

  /// Nothing is read or made.
  public init(_ url: URL) { self.url = url }

  /// Folders of complete checkpoints, the oldest first; empty where there are none.
  public var checkpoints: [URL] { ModelLocation.checkpoints(of: url) }
  package var checkpointsFolder: URL { url.appending(path: "checkpoints") }
  /// A line of JSON for each of ``Metrics``.
  public var metricsFile: URL { url.appending(path: "metrics.jsonl") }
  package var layersFile: URL { url.appending(path: "layers.jsonl") }
  /// A line of JSON for each event.
  public var logFile: URL { url.appending(path: "log.jsonl") }
  /// A grid of samples as of the last validation.
  public var samplesFile: URL { url.appending(path: "samples.png") }

  /// Pictures that were decoded, while the run trains.
  package var pictureCacheFolder: URL { url.appending(path: "picture-cache") }

  package func removePictureCache() { try? FileManager.default.removeItem(at: pictureCacheFolder) }

  /// - Throws: ``TrainingError`` if the folder holds a run already.
  package func requireNew() throws {
    guard checkpoints.isEmpty else {
      throw TrainingError(
        "\(url.path) already holds a run: go on with it with glow resume, or name another folder with --out")
    }
  }

  package func makeFolders() throws {
    try attempt("create", checkpointsFolder) {
      try FileManager.default.createDirectory(at: checkpointsFolder, withIntermediateDirectories: true)
    }
  }

  /// Makes the folders of a new run, with no metrics.
  /// - Throws: ``TrainingError`` if the folder holds a run already or cannot be written.
  public func create() throws {
    try requireNew()
    try makeFolders()
    for file in [metricsFile, layersFile, logFile] where FileManager.default.fileExists(atPath: file.path) {
      try attempt("empty", file) { try Data().write(to: file) }
    }
  }

  /// Writes a folder under a temporary name through `body`, with checksums, syncs it and renames it to
  /// `checkpoints/images-N`. What was there before stays readable until the new one is complete.
  package func writeCheckpoint(images: Int, _ body: (URL) throws -> Void) throws {
    let final = checkpointsFolder.appending(path: "images-\(images)")
    let temporary = checkpointsFolder.appending(path: ".images-\(images).tmp")
    let files = FileManager.default
    removeUnfinishedCheckpoints()
    do {
      try attempt("create", temporary) { try files.createDirectory(at: temporary, withIntermediateDirectories: true) }
      try body(temporary)
      try Checksums.write(for: temporary)
      for name in try files.contentsOfDirectory(atPath: temporary.path) {
        try synchronize(temporary.appending(path: name))
      }
      try synchronize(temporary)
      // A resume from here keeps the lines up to here.
      for file in [metricsFile, layersFile] where files.fileExists(atPath: file.path) { try synchronize(file) }
      try attempt("rename", temporary) { try AtomicFolder.place(temporary, at: final) }
    } catch {
      try? files.removeItem(at: temporary)
      throw error
    }
  }

  /// Brings back a checkpoint whose place a new one was about to take when the process ended.
  package func restoreReplacedCheckpoints() throws {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: checkpointsFolder.path)) ?? []
    for name in names.compactMap(AtomicFolder.nameReplaced) {
      let final = checkpointsFolder.appending(path: name)
      try attempt("restore", final) { try AtomicFolder.restore(final) }
    }
  }

  /// Deletes all checkpoints but the newest `count` and those that `isKept` after so many images.
  package func deleteCheckpoints(exceptNewest count: Int, _ isKept: (Int) -> Bool) {
    for old in checkpoints.dropLast(count) where !isKept(Self.images(of: old)) {
      try? FileManager.default.removeItem(at: old)
    }
  }

  /// Deletes the checkpoints of a run that went back to one.
  package func deleteCheckpoints(after images: Int) {
    for newer in checkpoints where Self.images(of: newer) > images { try? FileManager.default.removeItem(at: newer) }
  }

  /// The checkpoints whose files are as they were written, oldest first, and what is wrong with the others.
  /// - Parameter newestOnly: looks no further than the first sound one.
  package func soundCheckpoints(newestOnly: Bool = false) -> (sound: [URL], damaged: [any Error]) {
    var (sound, damaged): ([URL], [any Error]) = ([], [])
    for checkpoint in checkpoints.reversed() where !(newestOnly && !sound.isEmpty) {
      do {
        try Checksums.verify(checkpoint)
        sound.insert(checkpoint, at: 0)
      } catch { damaged.append(error) }
    }
    return (sound, damaged)
  }

  /// After how many images a checkpoint was written.
  package static func images(of checkpoint: URL) -> Int {
    Int(checkpoint.lastPathComponent.dropFirst("images-".count)) ?? 0
  }

  /// Deletes the checkpoints that a crash left unfinished; called by the one thread that writes them.
  private func removeUnfinishedCheckpoints() {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: checkpointsFolder.path)) ?? []
    for name in names where name.hasPrefix(".images-") && name.hasSuffix(".tmp") {
      try? FileManager.default.removeItem(at: checkpointsFolder.appending(path: name))
    }
  }

  /// Deletes the files that a crash left unfinished, before anything of this process is being written.
  package func removeUnfinishedFiles() {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
    for name in files where AtomicFile.isTemporary(name) {
      try? FileManager.default.removeItem(at: url.appending(path: name))
    }
  }

  /// Appends one line of JSON to `metrics.jsonl`.
  package func append(_ metrics: Metrics) throws { try append(metrics, to: metricsFile) }

  /// Appends one line of JSON to `layers.jsonl`.
  package func append(_ layers: LayerMetrics) throws { try append(layers, to: layersFile) }

  /// Puts a PNG in the place of `samples.png`, whole.
  package func writeSamples(_ png: [UInt8]) throws {
    try attempt("write", samplesFile) { try AtomicFile.store(png, at: samplesFile) }
  }

  /// Appends a line, all of it or nothing.
  private func append(_ value: some Encodable, to file: URL) throws {
    let line = try JSONFile.line(value) + Data("\n".utf8)
    try attempt("write", file) {
      guard FileManager.default.fileExists(atPath: file.path) else { return try line.write(to: file) }
      let handle = try FileHandle(forWritingTo: file)
      defer { try? handle.close() }
      let end = try handle.seekToEnd()
      do { try handle.write(contentsOf: line) } catch {
        try? handle.truncate(atOffset: end)
        throw error
      }
    }
  }

  /// The lines of `metrics.jsonl`, in order; none where there is no such file. A last line that was not written to its end
  /// is left out.
  /// - Throws: ``TrainingError`` naming the file and the line that cannot be read.
  public func metrics() throws -> [Metrics] { try lines(of: metricsFile) }

  private func lines<Line: Decodable>(of file: URL) throws -> [Line] {
    guard FileManager.default.fileExists(atPath: file.path) else { return [] }
    let data = try attempt("read", file) { try Data(contentsOf: file) }
    // What follows the last newline is empty, or a line that was cut off.
    let lines = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast()
    return try lines.enumerated().map { number, line in
      guard let value = try? JSONFile.decoder.decode(Line.self, from: line) else {
        throw TrainingError("\(file.path): line \(number + 1) is no line of metrics")
      }
      return value
    }
  }

  /// The lines of `layers.jsonl`, in order; none where there is no such file.
  /// - Throws: ``TrainingError`` naming the file and the line that cannot be read.
  public func layers() throws -> [LayerMetrics] { try lines(of: layersFile) }

  /// Drops the lines of both files after `images`: a run that resumes there writes them again.
  package func truncateMetrics(after images: Int) throws {
    struct Line: Decodable { var images: Int }
    for file in [metricsFile, layersFile] {
      guard let data = try? Data(contentsOf: file) else { continue }
      let decoder = JSONFile.decoder
      let kept = data.split(separator: UInt8(ascii: "\n")).filter { line in
        (try? decoder.decode(Line.self, from: line)).map { $0.images <= images } ?? false
      }
      try attempt("write", file) {
        try AtomicFile.store(Data(kept.flatMap { $0 + Data("\n".utf8) }), at: file)
      }
    }
  }

  private func attempt<R>(_ verb: String, _ url: URL, _ body: () throws -> R) throws -> R {
    do { return try body() } catch let error as TrainingError { throw error } catch {
      throw TrainingError("cannot \(verb) \(url.path): \(error.systemReason)")
    }
  }

  private func synchronize(_ url: URL) throws {
    try attempt("sync", url) { try flush(url) }
  }
}
