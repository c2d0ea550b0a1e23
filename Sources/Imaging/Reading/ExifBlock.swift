import CImageCodecs

/// The Exif data of a picture, of which one tag is read: a TIFF file (TIFF 6.0, section 2) without pixels.
///
/// A library such as libexif parses all of it, maker notes included, which is a large surface for hostile files; the one tag
/// that is needed lies in the first directory.
struct ExifBlock {
  private let tiff: ArraySlice<UInt8>

  /// - Parameter bytes: with or without the `Exif\0\0` that JPEG puts before it; some writers do so in PNG and WebP too.
  init(_ bytes: ArraySlice<UInt8>) {
    tiff = bytes.starts(with: Self.signature) ? bytes.dropFirst(Self.signature.count) : bytes
  }

  private static let signature = Array("Exif\0\0".utf8)

  /// Nil where there is none, or the data breaks TIFF's rules before it.
  var orientation: Orientation? {
    let isBigEndian = tiff.starts(with: [0x4D, 0x4D, 0, 42])
    guard isBigEndian || tiff.starts(with: [0x49, 0x49, 42, 0]) else { return nil }
    func number(_ offset: Int, _ count: Int) -> Int? {
      guard offset <= tiff.count - count else { return nil }
      let bytes = tiff.dropFirst(offset).prefix(count)
      return isBigEndian ? bytes.reduce(0) { $0 << 8 | Int($1) } : bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
    }
    let (tag, short) = (0x0112, 3)
    guard let directory = number(4, 4), let count = number(directory, 2) else { return nil }
    for entry in (0..<count).map({ directory + 2 + 12 * $0 }) {
      guard let found = number(entry, 2) else { return nil }
      if found == tag {
        guard number(entry + 2, 2) == short, number(entry + 4, 4) == 1 else { return nil }
        return number(entry + 8, 2).flatMap(Orientation.init)
      }
    }
    return nil
  }

  /// The first `eXIf` chunk, before or behind the pixel data, whose checksum is right.
  init?(ofPNG source: some ByteSource) throws {
    var position = 8
    while let head = try source.part(at: position, count: 8) {
      let length = head[..<4].reduce(0) { $0 << 8 | Int($1) }
      if head[4...].elementsEqual("eXIf".utf8), let body = try source.part(at: position + 4, count: length + 8) {
        let checked = body.dropLast(4)
        let checksum = body.suffix(4).reduce(0) { $0 << 8 | UInt32($1) }
        if checked.withUnsafeBufferPointer({ cic_crc32(0, $0.baseAddress!, $0.count) }) == checksum {
          self.init(checked.dropFirst(4))
          return
        }
      }
      position += length + 12
      if head[4...].elementsEqual("IEND".utf8) { return nil }
    }
    return nil
  }

  /// The first APP1 segment that begins as Exif's do; those of XMP do not.
  init?(ofJPEG bytes: UnsafeBufferPointer<UInt8>) {
    var position = 2
    while let marker = Self.marker(in: bytes, after: &position) {
      switch marker {
      // Markers that stand alone.
      case 0x01, 0xD0...0xD7: continue
      // The end, or the first scan.
      case 0xD9, 0xDA: return nil
      default: break
      }
      guard position + 2 <= bytes.count else { return nil }
      let length = Int(bytes[position]) << 8 | Int(bytes[position + 1])
      guard length >= 2, length <= bytes.count - position else { return nil }
      let segment = bytes[position + 2..<position + length]
      if marker == 0xE1, segment.starts(with: Self.signature) {
        self.init(Array(segment)[...])
        return
      }
      position += length
    }
    return nil
  }

  /// The next marker's code, with `position` behind it. As libjpeg does, it skips what is between segments.
  private static func marker(in bytes: UnsafeBufferPointer<UInt8>, after position: inout Int) -> UInt8? {
    var isMarked = false
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      if isMarked, byte != 0xFF, byte != 0 { return byte }
      isMarked = byte == 0xFF
    }
    return nil
  }

  /// The chunk `EXIF` of a file in the extended form.
  init?(ofWebP source: some ByteSource) throws {
    guard let first = try source.part(at: 12, count: 9), first.starts(with: "VP8X".utf8), first[8] & 0x08 != 0 else {
      return nil
    }
    var position = 12
    while let head = try source.part(at: position, count: 8) {
      let length = head[4...].reversed().reduce(0) { $0 << 8 | Int($1) }
      if head.starts(with: "EXIF".utf8) {
        guard let body = try source.part(at: position + 8, count: length) else { return nil }
        self.init(body[...])
        return
      }
      position += 8 + length + length % 2
    }
    return nil
  }
}
