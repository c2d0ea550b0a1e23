/// A picture format, told by a file's first bytes and never by its name.
enum ImageFormat: Equatable {
  case png
  case jpeg
  case webp
  /// By the name that ``UnreadFormat`` has.
  case unsupported(String)

  var name: String {
    switch self {
    case .png: "PNG"
    case .jpeg: "JPEG"
    case .webp: "WebP"
    case .unsupported(let name): name
    }
  }

  /// - Returns: nil when the bytes begin like no picture format known here.
  init?(firstBytes bytes: some Collection<UInt8>) {
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
      self = .png
    } else if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
      self = .jpeg
    } else if bytes.starts(with: "RIFF".utf8) && bytes.dropFirst(8).starts(with: "WEBP".utf8) {
      self = .webp
    } else if let name = Self.unreadFormat(of: bytes) {
      self = .unsupported(name)
    } else {
      return nil
    }
  }

  private static func unreadFormat(of bytes: some Collection<UInt8>) -> String? {
    let signatures: [(name: String, bytes: [UInt8], offset: Int)] = [
      ("GIF", Array("GIF8".utf8), 0),
      ("BMP", Array("BM".utf8), 0),
      ("TIFF", Array("II*\0".utf8), 0), ("TIFF", Array("MM\0*".utf8), 0),
      ("TIFF", Array("II+\0".utf8), 0), ("TIFF", Array("MM\0+".utf8), 0),
      ("AVIF", Array("ftypavi".utf8), 4),
      ("HEIC", Array("ftyphe".utf8), 4), ("HEIC", Array("ftypmif".utf8), 4), ("HEIC", Array("ftypmsf".utf8), 4),
      // A bare stream, and one in a container.
      ("JPEG XL", [0xFF, 0x0A], 0), ("JPEG XL", Array("\0\0\0\u{C}JXL ".utf8), 0),
      ("JPEG 2000", Array("\0\0\0\u{C}jP  ".utf8), 0), ("JPEG 2000", [0xFF, 0x4F, 0xFF, 0x51], 0),
      ("ICO", [0, 0, 1, 0], 0),
      ("Photoshop", Array("8BPS".utf8), 0),
      ("PDF", Array("%PDF-".utf8), 0),
    ]
    if let found = signatures.first(where: { bytes.dropFirst($0.offset).starts(with: $0.bytes) }) { return found.name }
    if isPNM(bytes) { return "PNM" }
    return isSVG(bytes) ? "SVG" : nil
  }

  /// `P1` to `P7` and white space.
  private static func isPNM(_ bytes: some Collection<UInt8>) -> Bool {
    let head = Array(bytes.prefix(3))
    return head.count == 3 && head[0] == UInt8(ascii: "P") && (UInt8(ascii: "1")...UInt8(ascii: "7")).contains(head[1])
      && [0x20, 0x09, 0x0A, 0x0D].contains(head[2])
  }

  /// Text that begins with a tag and opens an `svg` element soon, and is no web page.
  private static func isSVG(_ bytes: some Collection<UInt8>) -> Bool {
    let text = String(decoding: bytes.prefix(1024), as: UTF8.self)
    return text.drop { $0.isWhitespace || $0 == "\u{FEFF}" }.first == "<" && text.contains("<svg")
      && !text.lowercased().contains("<html")
  }
}
