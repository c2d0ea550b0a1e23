import CImageCodecs
import Foundation

extension PixelImage {
  /// The picture as a PNG file of 8 bits a channel; decoding it gives back the same pixels.
  ///
  /// - Throws: `ImagingError.unwritable` when memory runs out.
  public func encodePNG() throws -> [UInt8] {
    try encodePNG(for: "PNG in memory")
  }

  /// Writes a PNG file under a temporary name in the same folder, then renames it.
  ///
  /// - Throws: `ImagingError.unwritable`, naming the file.
  public func writePNG(to url: URL) throws {
    try writeAtomically(encodePNG(for: url.path), to: url)
  }

  private func encodePNG(for file: String) throws -> [UInt8] {
    let info = cic_image_info(width: Int32(width), height: Int32(height), channels: Int32(channels))
    var png = cic_buffer()
    defer { cic_buffer_free(&png) }
    let (status, message) = withMessage { cic_png_encode(info, pixels, &png, $0) }
    guard status == CIC_OK else { throw ImagingError.unwritable(file: file, reason: message) }
    return Array(UnsafeBufferPointer(start: png.bytes, count: png.count))
  }
}
