/// A picture format, told by a file's first bytes and never by its name.
enum ImageFormat: Equatable {
  case png
  case jpeg
  case webp
  case unsupported(String)

  /// - Returns: nil when the bytes begin like no picture format known here.
  init?(firstBytes bytes: some Collection<UInt8>) {
    func begins(_ signature: String, at offset: Int = 0) -> Bool {
      bytes.dropFirst(offset).starts(with: signature.utf8)
    }
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
      self = .png
    } else if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
      self = .jpeg
    } else if begins("GIF8") {
      self = .unsupported("GIF")
    } else if begins("RIFF") && begins("WEBP", at: 8) {
      self = .webp
    } else if begins("BM") {
      self = .unsupported("BMP")
    } else if begins("II*\0") || begins("MM\0*") {
      self = .unsupported("TIFF")
    } else if begins("ftypavif", at: 4) {
      self = .unsupported("AVIF")
    } else if begins("ftyphei", at: 4) || begins("ftypmif", at: 4) {
      self = .unsupported("HEIC")
    } else {
      return nil
    }
  }
}
