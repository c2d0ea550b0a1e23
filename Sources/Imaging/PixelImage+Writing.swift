import CImageCodecs
import Foundation

extension PixelImage {
  /// The picture as a PNG file of 8 bits a channel; decoding it gives back the same pixels.
  ///
  /// - Throws: `ImagingError.unwritable` when memory runs out.
  public func encodePNG() throws -> [UInt8] {
    try encodePNG(for: "PNG in memory")
  }

  /// The picture as a JPEG file, whose pixels are near the picture's. Alpha is composited on white.
  ///
  /// - Parameter quality: libjpeg's, 1 to 100.
  /// - Throws: `ImagingError.unwritable` when memory runs out, or a side is longer than 65500 pixels.
  public func encodeJPEG(quality: Int = 95) throws -> [UInt8] {
    try encodeJPEG(quality: quality, for: "JPEG in memory")
  }

  /// Writes a PNG file under a temporary name in the same folder, then renames it. The file says that this program wrote it.
  ///
  /// - Throws: `ImagingError.unwritable`, naming the file.
  public func writePNG(to url: URL) throws {
    try writeAtomically(PictureMark.marked(png: encodePNG(for: url.path)), to: url)
  }

  /// Writes a PNG or a JPEG file, as the ending of its name says, under a temporary name in the same folder, then renames
  /// it.
  ///
  /// - Throws: `ImagingError.unwritable`, naming the file.
  public func write(to url: URL) throws {
    switch try WrittenFormat(for: url) {
    case .png: try writePNG(to: url)
    case .jpeg: try writeAtomically(PictureMark.marked(jpeg: encodeJPEG(quality: 95, for: url.path)), to: url)
    }
  }

  private func encodePNG(for file: String) throws -> [UInt8] {
    try encoded(for: file) { cic_png_encode($0, pixels, $1, $2) }
  }

  private func encodeJPEG(quality: Int, for file: String) throws -> [UInt8] {
    precondition((1...100).contains(quality), "a JPEG's quality is 1 to 100, not \(quality)")
    let opaque = converted(toChannels: channels <= 2 ? 1 : 3)
    return try opaque.encoded(for: file) { cic_jpeg_encode($0, opaque.pixels, Int32(quality), $1, $2) }
  }

  private func encoded(
    for file: String,
    by encoder: (cic_image_info, UnsafeMutablePointer<cic_buffer>, UnsafeMutablePointer<CChar>) -> cic_status
  ) throws -> [UInt8] {
    let info = cic_image_info(width: Int32(width), height: Int32(height), channels: Int32(channels))
    var bytes = cic_buffer()
    defer { cic_buffer_free(&bytes) }
    let (status, message) = withMessage { encoder(info, &bytes, $0) }
    guard status == CIC_OK else { throw ImagingError.unwritable(file: file, reason: message) }
    return Array(UnsafeBufferPointer(start: bytes.bytes, count: bytes.count))
  }
}
