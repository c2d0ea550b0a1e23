import CImageCodecs
import Files
import Foundation

/// The mark of picture files that Glow wrote, by which it knows them again: the text `Software` of a PNG (third edition of
/// its specification, section 11.3.3.2), the comment of a JPEG, the comment of an MP4.
package enum PictureMark {
  package static let text = "swift-glow"

  /// A PNG with the mark, behind its header.
  package static func marked(png: [UInt8]) -> [UInt8] {
    let afterHeader = 33
    return png[..<afterHeader] + chunk + png[afterHeader...]
  }

  /// The chunk of a PNG that is the mark.
  static let chunk: [UInt8] = {
    let content = Array("Software\0\(text)".utf8)
    let body = Array("tEXt".utf8) + content
    func bytes(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
    return bytes(UInt32(content.count)) + body + bytes(cic_crc32(0, body, body.count))
  }()

  /// A JPEG with the mark, behind the JFIF segment with which libjpeg begins.
  static func marked(jpeg: [UInt8]) -> [UInt8] {
    let afterHeader = 4 + Int(jpeg[4]) << 8 + Int(jpeg[5])
    let comment: [UInt8] = [0xFF, 0xFE, 0, UInt8(text.utf8.count + 2)] + Array(text.utf8)
    return jpeg[..<afterHeader] + comment + jpeg[afterHeader...]
  }

  /// Whether a file begins as one that bears the mark. An MP4 has it behind the table of its frames.
  package static func isOn(_ file: URL) -> Bool {
    guard let file = try? OpenedFile(file.path), let start = try? file.read(at: 0, count: min(file.byteCount, 256))
    else { return false }
    let mark = Array(text.utf8)
    if start.starts(with: [0x89, 0x50, 0x4E, 0x47]) || start.starts(with: [0xFF, 0xD8]) {
      return start.firstRange(of: mark) != nil
    }
    return (try? file.read(at: 0, count: min(file.byteCount, 1 << 22)))?.firstRange(of: mark) != nil
  }
}
