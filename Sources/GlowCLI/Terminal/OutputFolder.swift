import ArgumentParser
import Datasets
import Files
import Foundation
import Runs

/// What a verb writes into a folder: one that is new or empty, or that holds what Glow wrote there as the same kind. What
/// else is there stays as it is.
enum OutputFolder {
  case run
  case model
  case report
  case packed

  /// Refuses a folder that is not to be written, before any work is done.
  /// - Parameters:
  ///   - images: the data that the verb reads.
  ///   - inputs: the files and folders that it reads, too.
  func require(_ path: String, beside images: DatasetSource? = nil, from inputs: [URL] = []) throws {
    let folder = URL(filePath: path)
    func refuse(_ what: String, _ advice: String = "name another folder") -> ValidationError {
      ValidationError("--out \(path) \(what): \(advice)")
    }
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      return try requireRoom(for: folder, named: path)
    }
    guard isFolder.boolValue else { throw refuse("is a file, and a folder is written", "name another") }
    try requireWritable(folder, orElse: "--out \(path) could not be written")
    if self == .packed { throw refuse("is there already", "remove it, or name another folder") }
    if let images, FileIdentity(path) == FileIdentity(images.folder.path) {
      throw refuse("is the folder of the images", "name another one, or one in it such as \(images.folder.path)/run")
    }
    if inputs.contains(where: { FileIdentity($0.path) == FileIdentity(path) }) {
      throw refuse("is the model that is read")
    }
    try requireKind(of: folder, refuse)
    let lies = images.map { folder.isBelow($0.folder) } ?? false
    // A model or a report may have pictures beside it; in a run's folder they are data.
    if self == .run || FolderContents.own(in: folder) == nil,
      let picture = FolderContents.picture(in: folder, deep: lies)
    {
      throw refuse(
        "holds pictures, such as \(picture), which would no longer count as data", "name a new folder")
    }
    if let other = foreignFile(in: folder) {
      throw refuse("holds \(other), which Glow did not write", "move it away, or name another folder")
    }
  }

  /// Refuses a folder of another kind, and a run where one is to begin.
  private func requireKind(of folder: URL, _ refuse: (String, String) -> ValidationError) throws {
    let advice = "name another folder"
    if FileManager.default.fileExists(atPath: folder.appending(path: CheckpointSummary.stateName).path) {
      throw refuse("is a checkpoint of a run", advice)
    }
    guard let own = FolderContents.own(in: folder) else { return }
    let run = RunFolder(folder)
    switch self {
    case .run where FolderContents.isRun(folder):
      guard run.checkpoints.isEmpty else {
        throw refuse("already holds a run", "go on with it with glow resume, or name another folder with --out")
      }
      guard !FileManager.default.fileExists(atPath: run.metricsFile.path) || isEmptyFile("metrics.jsonl", in: folder)
      else {
        throw refuse("holds the metrics of a run whose checkpoints are gone", advice)
      }
    case .model where FolderContents.isModel(folder), .report where FolderContents.isReport(folder): break
    default: throw refuse("holds \(own)", advice)
    }
  }

  /// A file that would be overwritten or deleted, and that Glow did not write.
  private func foreignFile(in folder: URL) -> String? {
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
    switch self {
    case .run:
      guard !FolderContents.isRun(folder) else { return nil }
      return names.first { name in
        ["metrics.jsonl", "layers.jsonl", "log.jsonl", "samples.png"].contains(name) && !isEmptyFile(name, in: folder)
      }
    case .model:
      return FolderContents.isModel(folder)
        ? nil : names.first { ["config.json", "model.safetensors", "data.json"].contains($0) }
    case .report:
      return names.first { name in
        !FolderContents.isReport(folder)
          || !["README.md", "index.html"].contains(name) && !name.hasSuffix(".png") && !name.hasSuffix(".svg")
      }
    case .packed: return nil
    }
  }

  private func isEmptyFile(_ name: String, in folder: URL) -> Bool {
    let attributes = try? FileManager.default.attributesOfItem(atPath: folder.appending(path: name).path)
    return attributes?[.size] as? Int == 0
  }
}

extension URL {
  /// Whether this lies in a folder, at any depth.
  fileprivate func isBelow(_ folder: URL) -> Bool {
    resolvingSymlinksInPath().standardizedFileURL.path.hasPrefix(
      folder.resolvingSymlinksInPath().standardizedFileURL.path + "/")
  }
}

/// Makes a folder and those above it, where they are missing.
func makeFolder(_ folder: URL) throws {
  do { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) } catch {
    throw ValidationError("cannot create the folder \(folder.path): \(error.systemReason)")
  }
}
