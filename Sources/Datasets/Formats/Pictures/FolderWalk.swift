import Files
import Foundation

/// A walk through a folder by the system's own calls: names are bytes, and one call a folder tells what its entries are.
struct FolderWalk {
  private(set) var files: [[UInt8]] = []
  private(set) var strays: [(path: [UInt8], kind: TreeStray.Kind)] = []

  private struct Identity: Hashable {
    let device: UInt64
    let inode: UInt64

    init(_ status: stat) { (device, inode) = (UInt64(status.st_dev), UInt64(status.st_ino)) }
  }

  private let root: [UInt8]
  /// Folders that are in the tree, and those that hold one of these.
  private var taken: Set<Identity> = []
  private var linksToFolders: [[UInt8]] = []

  /// - Throws: `DatasetError.unreadableFolder`.
  init(_ root: [UInt8]) throws {
    self.root = root
    takeFolders(around: root)
    try walk([])
    while !linksToFolders.isEmpty {
      let links = linksToFolders.sorted { $0.lexicographicallyPrecedes($1) }
      linksToFolders = []
      for link in links { try follow(link) }
    }
  }

  private mutating func follow(_ link: [UInt8]) throws {
    guard let status = status(of: link), !taken.contains(Identity(status)) else {
      strays.append((link, .repeatedLink))
      return
    }
    takeFolders(around: full(link))
    try walk(link)
  }

  private mutating func takeFolders(around folder: [UInt8]) {
    guard let real = withCPath(folder, { realpath($0, nil) }) else { return }
    defer { free(real) }
    var path = String(cString: real)[...]
    while let slash = path.lastIndex(of: "/"), path != "/" {
      path = slash == path.startIndex ? "/" : path[..<slash]
      var status = stat()
      if stat(String(path), &status) == 0 { taken.insert(Identity(status)) }
    }
  }

  private mutating func walk(_ top: [UInt8]) throws {
    var folders = [top]
    while let folder = folders.popLast() {
      let descriptor = withCPath(full(folder)) { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
      var status = stat()
      guard descriptor >= 0, fstat(descriptor, &status) == 0, let stream = fdopendir(descriptor) else {
        let error = POSIXError.last
        if descriptor >= 0 { close(descriptor) }
        // A folder that is gone by now is none; a hidden one, or what a file system keeps for itself, is not missed.
        if error.code == .ENOENT && !folder.isEmpty || isHidden(folder) || folder == Array("lost+found".utf8) {
          continue
        }
        throw DatasetError.unreadableFolder(folder: pathText(full(folder)), reason: error.systemReason)
      }
      defer { closedir(stream) }
      guard taken.insert(Identity(status)).inserted else {
        strays.append((folder, .repeatedLink))
        continue
      }
      var isEmpty = true
      while let entry = readdir(stream) {
        let name = Self.name(of: entry)
        if name == [UInt8(ascii: ".")] || name == [UInt8(ascii: "."), UInt8(ascii: ".")] { continue }
        isEmpty = false
        let path = folder.isEmpty ? name : folder + [UInt8(ascii: "/")] + name
        if add(path, Int32(entry.pointee.d_type)) { folders.append(path) }
      }
      if isEmpty && !folder.isEmpty && !isHidden(folder) { strays.append((folder, .emptyFolder)) }
    }
  }

  /// - Returns: whether it is a folder, to be walked through.
  private mutating func add(_ path: [UInt8], _ type: Int32) -> Bool {
    var type = type
    if type == Int32(DT_UNKNOWN), let status = status(of: path, followingLinks: false) {
      type = status.st_mode & S_IFMT == S_IFLNK ? Int32(DT_LNK) : Self.type(of: status)
    }
    let isLink = type == Int32(DT_LNK)
    if isLink {
      guard let status = status(of: path) else {
        if !isHidden(path) { strays.append((path, .deadLink)) }
        return false
      }
      type = Self.type(of: status)
    }
    switch type {
    case Int32(DT_REG): files.append(path)
    case Int32(DT_DIR):
      guard isLink else { return true }
      if !isHidden(path) { linksToFolders.append(path) }
    default: if !isHidden(path) { strays.append((path, .special)) }
    }
    return false
  }

  private static func type(of status: stat) -> Int32 {
    switch status.st_mode & S_IFMT {
    case S_IFREG: Int32(DT_REG)
    case S_IFDIR: Int32(DT_DIR)
    default: Int32(DT_UNKNOWN)
    }
  }

  private static func name(of entry: UnsafeMutablePointer<dirent>) -> [UInt8] {
    let start = UnsafeRawPointer(entry) + MemoryLayout<dirent>.offset(of: \.d_name)!
    let name = start.assumingMemoryBound(to: UInt8.self)
    return Array(UnsafeBufferPointer(start: name, count: strlen(start.assumingMemoryBound(to: CChar.self))))
  }

  private func isHidden(_ path: [UInt8]) -> Bool {
    path.split(separator: UInt8(ascii: "/")).contains { $0.first == UInt8(ascii: ".") }
  }

  private func status(of path: [UInt8], followingLinks: Bool = true) -> stat? {
    var status = stat()
    let result = withCPath(full(path)) { followingLinks ? stat($0, &status) : lstat($0, &status) }
    return result == 0 ? status : nil
  }

  private func full(_ path: [UInt8]) -> [UInt8] { path.isEmpty ? root : root + [UInt8(ascii: "/")] + path }
}
