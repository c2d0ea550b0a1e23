import Files
import Foundation

/// A tar file (ustar, GNU or pax). Its headers are walked over once; the file itself stays on the disk, and is open only
/// while it is read, for sets have more shards than a process may have open.
struct TarFile: Archive {
  let path: String
  let contents: ArchiveContents
  private let byteCount: Int

  /// - Throws: `DatasetError`, naming the file.
  init(reading url: URL) throws {
    path = url.path
    let file = try OpenedFile.opening(path)
    byteCount = file.byteCount
    contents = try Self.contents(of: file)
  }

  func read(_ member: ArchiveMember, atMost limit: Int) throws -> [UInt8] {
    try requireSaneSize(member)
    let file = try OpenedFile.opening(path)
    guard file.byteCount == byteCount else {
      throw DatasetError.wrongField(
        file: path, field: "length", expected: "the \(byteCount) bytes that it had when it was opened",
        found: "\(file.byteCount)")
    }
    return try file.read(at: member.place, count: min(limit, member.byteCount), field: member.name)
  }

  private static func contents(of file: OpenedFile) throws -> ArchiveContents {
    var contents = ArchiveContents()
    /// Where hard links may lead; made for the first one.
    var known: [ExactName: Int]?
    let headers = try TarHeaders(of: file)
    while let header = try headers.next() {
      switch header.kind {
      case .file:
        let end = header.start.addingReportingOverflow(header.byteCount)
        guard header.byteCount >= 0, !end.overflow, end.partialValue <= file.byteCount else {
          throw DatasetError.truncated(
            file: file.path, field: header.name, expectedBytes: end.overflow ? .max : end.partialValue,
            foundBytes: file.byteCount)
        }
        contents.append(header.name, place: header.start, byteCount: header.byteCount)
        if let last = contents.members.last, known != nil { known?[ExactName(last.name)] = contents.members.count - 1 }
      case .folder: break
      case .stray(let kind): contents.leaveOut(header.name, kind)
      case .hardLink(let target):
        known = known ?? Dictionary(contents.members.enumerated().map { (ExactName($1.name), $0) }) { $1 }
        guard let number = known?[ExactName(ArchiveContents.plain(target) ?? "")] else {
          contents.leaveOut(header.name, .archivedLink)
          continue
        }
        let member = contents.members[number]
        contents.append(header.name, place: member.place, byteCount: member.byteCount)
      }
    }
    return contents
  }
}
