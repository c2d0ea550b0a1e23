import CImageCodecs
import Foundation

/// Writes an animated PNG, which repeats without end: the chunks `acTL`, `fcTL` and `fdAT` of the PNG specification
/// (third edition, section 11.3.4) around pixels that libpng compresses. A program that knows none of them shows the
/// first frame.
public final class AnimatedPNGWriter: VideoWriter {
  private let format: VideoFormat
  private let file: PartialFile
  private var appended = 0
  /// The number of the next `fcTL` or `fdAT` chunk.
  private var sequence: UInt32 = 0

  /// - Throws: `ImagingError.unwritable`, naming the file.
  public init(to url: URL, format: VideoFormat) throws {
    precondition(format.framesPerSecond <= Int(UInt16.max), "a frame's time is a fraction of 16-bit numbers")
    self.format = format
    file = try PartialFile(for: url)
  }

  public func append(_ frame: PixelImage) throws {
    format.check(frame)
    precondition(appended < format.frames, "the animation has \(format.frames) frames")
    let png = try frame.encodePNG()
    var output: [UInt8] = []
    if appended == 0 {
      output += png[..<8]
      for chunk in Self.chunks(of: png) where chunk.type == "IHDR" { output += Self.chunk("IHDR", chunk.data) }
      output += Self.chunk("acTL", Self.bytes(UInt32(format.frames)) + Self.bytes(UInt32(0)))
      output += PictureMark.chunk
    }
    output += Self.chunk("fcTL", frameControl())
    for chunk in Self.chunks(of: png) where chunk.type == "IDAT" {
      output +=
        appended == 0 ? Self.chunk("IDAT", chunk.data) : Self.chunk("fdAT", Self.bytes(nextSequence()) + chunk.data)
    }
    try file.append(output)
    appended += 1
  }

  public func finish() throws {
    precondition(appended == format.frames, "\(appended) of \(format.frames) frames were appended")
    try file.append(Self.chunk("IEND", []))
    try file.commit()
  }

  /// Size, place (0, 0), time as a fraction of seconds; the frame stays (dispose 0) and replaces all (blend 0).
  private func frameControl() -> [UInt8] {
    Self.bytes(nextSequence()) + Self.bytes(UInt32(format.width)) + Self.bytes(UInt32(format.height))
      + Self.bytes(UInt32(0)) + Self.bytes(UInt32(0)) + Self.bytes(UInt16(1))
      + Self.bytes(UInt16(format.framesPerSecond)) + [0, 0]
  }

  private func nextSequence() -> UInt32 {
    defer { sequence += 1 }
    return sequence
  }

  /// The chunks of a PNG that this library encoded.
  private static func chunks(of png: [UInt8]) -> [(type: String, data: ArraySlice<UInt8>)] {
    var chunks: [(String, ArraySlice<UInt8>)] = []
    var position = 8
    while position < png.count {
      let length = png[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
      let data = position + 8
      chunks.append((String(decoding: png[position + 4..<data], as: UTF8.self), png[data..<data + length]))
      position = data + length + 4
    }
    return chunks
  }

  private static func chunk(_ type: String, _ data: some Collection<UInt8>) -> [UInt8] {
    let body = Array(type.utf8) + data
    return bytes(UInt32(data.count)) + body + bytes(cic_crc32(0, body, body.count))
  }

  private static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.bigEndian) { Array($0) }
  }
}
