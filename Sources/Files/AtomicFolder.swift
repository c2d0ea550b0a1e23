import Foundation

/// A folder that appears under its name complete or not at all, also where it takes the place of an older one.
package enum AtomicFolder {
  /// Makes a folder beside `url`, lets `body` fill it, puts all of it on the disk and gives it the name.
  ///
  /// A folder that is there is exchanged with the new one in one step, and then deleted: at every moment, also after the
  /// process was killed, `url` is the old folder or the new one. Where the file system cannot exchange two names, the old
  /// folder is moved aside first; a process killed between the two steps leaves it under ``replaced(_:)``, and
  /// ``restore(_:)`` or the next call brings it back. What `body` throws leaves the old folder as it was.
  /// - Parameters:
  ///   - replacing: whether there may be a folder; else one that is not empty stays, and the system's refusal is thrown.
  ///   - body: is given the temporary folder, whose name begins with a dot.
  /// - Throws: what `body` throws; what the system said; that a file of another kind has the name.
  package static func write(to url: URL, replacing: Bool = true, _ body: (URL) throws -> Void) throws {
    let files = FileManager.default
    let temporary = url.deletingLastPathComponent().appending(
      path: ".\(url.lastPathComponent).\(UUID().uuidString).tmp")
    var isFolder: ObjCBool = false
    if files.fileExists(atPath: url.path, isDirectory: &isFolder), !isFolder.boolValue {
      throw POSIXError(.ENOTDIR)
    }
    if replacing { try restore(url) }
    removeLeftovers(of: url)
    do {
      try files.createDirectory(at: temporary, withIntermediateDirectories: true)
      try body(temporary)
      try flushAll(in: temporary)
      if replacing { return try place(temporary, at: url) }
      guard rename(temporary.path, url.path) == 0 else { throw POSIXError.last }
      try flushNames(in: url.deletingLastPathComponent())
    } catch {
      try? files.removeItem(at: temporary)
      throw error
    }
  }

  /// Removes what calls left whose processes were killed.
  private static func removeLeftovers(of url: URL) {
    let folder = url.deletingLastPathComponent()
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    for name in names where name.hasPrefix(".\(url.lastPathComponent).") && name.hasSuffix(".tmp") {
      try? FileManager.default.removeItem(at: folder.appending(path: name))
    }
  }

  /// Gives `folder` the name `url`, in the place of a folder that may be there, which is deleted.
  package static func place(_ folder: URL, at url: URL) throws {
    let parent = url.deletingLastPathComponent()
    if !FileManager.default.fileExists(atPath: url.path) {
      guard rename(folder.path, url.path) == 0 else { throw POSIXError.last }
      return try flushNames(in: parent)
    }
    if exchange(folder, url) {
      try flushNames(in: parent)
      // From here on it is the old one.
      try? FileManager.default.removeItem(at: folder)
      return
    }
    let old = replaced(url)
    guard rename(url.path, old.path) == 0 else { throw POSIXError.last }
    guard rename(folder.path, url.path) == 0 else {
      let error = POSIXError.last
      rename(old.path, url.path)
      throw error
    }
    try flushNames(in: parent)
    try? FileManager.default.removeItem(at: old)
  }

  /// Brings back a folder that was moved aside by a process that then ended.
  package static func restore(_ url: URL) throws {
    let (files, old) = (FileManager.default, replaced(url))
    guard files.fileExists(atPath: old.path) else { return }
    if files.fileExists(atPath: url.path) { return try files.removeItem(at: old) }
    guard rename(old.path, url.path) == 0 else { throw POSIXError.last }
  }

  /// Where the old folder is while a new one takes its place, on file systems that cannot exchange names.
  package static func replaced(_ url: URL) -> URL {
    url.deletingLastPathComponent().appending(path: replacedPrefix + url.lastPathComponent)
  }

  private static let replacedPrefix = ".replaced-"

  /// The name of the folder that was moved aside under `name`; nil if none was.
  package static func nameReplaced(_ name: String) -> String? {
    name.hasPrefix(replacedPrefix) ? String(name.dropFirst(replacedPrefix.count)) : nil
  }

  private typealias RenameAt2 =
    @convention(c) (Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32) -> Int32
  /// glibc has it since 2.28, but its header hides it from Swift.
  private static let renameAt2 = dlsym(dlopen(nil, RTLD_NOW), "renameat2").map {
    unsafeBitCast($0, to: RenameAt2.self)
  }

  /// - Returns: false where the file system cannot.
  private static func exchange(_ a: URL, _ b: URL) -> Bool {
    #if canImport(Darwin)
      renamex_np(a.path, b.path, UInt32(RENAME_SWAP)) == 0
    #else
      // RENAME_EXCHANGE
      renameAt2.map { $0(AT_FDCWD, a.path, AT_FDCWD, b.path, 1 << 1) == 0 } ?? false
    #endif
  }

  private static func flushAll(in folder: URL) throws {
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
      let url = folder.appending(path: name)
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else { continue }
      if isFolder.boolValue { try flushAll(in: url) } else { try flush(url) }
    }
    try flushNames(in: folder)
  }
}
