import Files
import Foundation

/// From what a user calls a model to the folder that holds it.
///
/// ```swift
/// let newest = try ModelLocation.resolve("runs/first")  // the newest checkpoint of a run
/// let model = try ModelFolder.read(newest)
/// ```
public enum ModelLocation {
  /// - Parameter text: the name of a shipped model, a model folder, or a run folder, of which the newest checkpoint is
  ///   meant.
  /// - Throws: ``ModelError`` saying what was looked for and where.
  public static func resolve(_ text: String) throws -> URL {
    let given = URL(filePath: text)
    if isModel(given) { return given }
    if let newest = checkpoints(of: given).last { return newest }
    if let shipped = shipped(text) { return shipped }
    if FileManager.default.fileExists(atPath: given.path) {
      throw ModelError.file(
        text, reason: "holds no model: expected config.json, or a run's checkpoints folder")
    }
    let shipped = shippedNames
    throw ModelError.file(
      text,
      reason: "no such model: give a run folder, a model folder or the name of a shipped model ("
        + (shipped.isEmpty ? "none is here" : shipped.joined(separator: ", ")) + ")")
  }

  /// The folder of a shipped model, by its name.
  package static func shipped(_ name: String) -> URL? {
    guard !name.contains("/") else { return nil }
    return shippedFolders.map { $0.appending(path: name) }.first(where: isModel)
  }

  /// The checkpoints of a run folder, oldest first. Unfinished ones do not count.
  public static func checkpoints(of run: URL) -> [URL] {
    let folder = run.appending(path: "checkpoints")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.compactMap { name -> (Int, URL)? in
      guard name.hasPrefix("images-"), let images = Int(name.dropFirst("images-".count)) else { return nil }
      let url = folder.appending(path: name)
      return isModel(url) ? (images, url) : nil
    }.sorted { $0.0 < $1.0 }.map(\.1)
  }

  /// Whether a folder holds a model itself, and is not only a run that has some.
  package static func isModel(_ folder: URL) -> Bool {
    FileManager.default.fileExists(atPath: folder.appending(path: ModelFolder.configurationName).path)
  }

  private static var shippedFolders: [URL] {
    shippedFolders(
      of: .current, named: ProcessInfo.processInfo.environment["GLOW_MODELS"],
      from: URL(filePath: FileManager.default.currentDirectoryPath))
  }

  /// The folders that `GLOW_MODELS` names, then `Models` in the working folder, where the program's files are, and in the
  /// folders above the program, for one that was built in a clone.
  static func shippedFolders(of files: ProgramFiles, named: String?, from working: URL) -> [URL] {
    let given = (named ?? "").split(separator: ":").map { URL(filePath: String($0)) }
    var folders = [working] + files.folders
    var folder = files.program.deletingLastPathComponent()
    for _ in 0..<4 {
      folder.deleteLastPathComponent()
      folders.append(folder)
    }
    return given + folders.map { $0.appending(path: "Models") }
  }

  /// The shipped models that are here.
  public static var shippedNames: [String] {
    let names = shippedFolders.flatMap { folder in
      ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
        .filter { isModel(folder.appending(path: $0)) }
    }
    return Array(Set(names)).sorted()
  }
}
