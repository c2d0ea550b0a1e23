import Foundation

/// The lines that a file of lines has got since they were last asked for.
struct LineTail {
  private let url: URL
  private var offset: UInt64 = 0
  private var file: UInt64 = 0

  init(_ url: URL) { self.url = url }

  /// Whole lines alone; all from the first where the file was written anew, as after a roll-back.
  mutating func newLines() -> [Data] {
    guard let handle = try? FileHandle(forReadingFrom: url) else { return [] }
    defer { try? handle.close() }
    var status = stat()
    guard fstat(handle.fileDescriptor, &status) == 0 else { return [] }
    if UInt64(status.st_ino) != file || UInt64(status.st_size) < offset { offset = 0 }
    file = UInt64(status.st_ino)
    guard (try? handle.seek(toOffset: offset)) != nil, let data = try? handle.readToEnd() else { return [] }
    guard let end = data.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
    let whole = data[data.startIndex...end]
    offset += UInt64(whole.count)
    return whole.split(separator: UInt8(ascii: "\n")).map { Data($0) }
  }
}
