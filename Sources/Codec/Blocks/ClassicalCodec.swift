import CImageCodecs

/// Pictures without loss by libwebp or libjxl, as bare streams, which their first bytes tell apart.
enum ClassicalCodec {
  /// The container before a WebP's stream: RIFF, its size, WEBP, VP8L and the stream's size.
  static let containerBytes = 20
  private static let jpegXLMark: [UInt8] = [0xff, 0x0a]
  /// The most pixels a side that WebP has.
  static let mostSide = 16383

  /// - Parameters:
  ///   - pixels: `[height, width, 3]`
  ///   - effort: 0 to 9.
  /// - Returns: a VP8L stream; nil where libwebp cannot.
  static func webP(_ pixels: [UInt8], width: Int, height: Int, effort: Int) -> [UInt8]? {
    var output = cic_buffer()
    var message = [CChar](repeating: 0, count: Int(CIC_MESSAGE_CAPACITY))
    let status = cic_webp_encode(pixels, Int32(width), Int32(height), Int32(effort), &output, &message)
    defer { cic_buffer_free(&output) }
    guard status == CIC_OK, output.count > containerBytes else { return nil }
    return Array(UnsafeBufferPointer(start: output.bytes! + containerBytes, count: output.count - containerBytes))
  }

  /// - Parameters:
  ///   - pixels: `[height, width, channels]`, of 1 or 3 channels.
  ///   - effort: 1 to 9.
  /// - Returns: a codestream; nil where libjxl cannot.
  static func jpegXL(_ pixels: [UInt8], width: Int, height: Int, channels: Int, effort: Int) -> [UInt8]? {
    var output = cic_buffer()
    var message = [CChar](repeating: 0, count: Int(CIC_MESSAGE_CAPACITY))
    let info = cic_image_info(width: Int32(width), height: Int32(height), channels: Int32(channels))
    let status = cic_jxl_encode(info, pixels, Int32(effort), &output, &message)
    defer { cic_buffer_free(&output) }
    guard status == CIC_OK else { return nil }
    return Array(UnsafeBufferPointer(start: output.bytes, count: output.count))
  }

  /// - Returns: `[height, width, channels]`, of 1 or 3 channels.
  static func decode(_ stream: [UInt8], width: Int, height: Int) throws -> (pixels: [UInt8], channels: Int) {
    var (info, output) = (cic_image_info(), cic_buffer())
    var message = [CChar](repeating: 0, count: Int(CIC_MESSAGE_CAPACITY))
    let limits = cic_limits(pixels: UInt64(width * height), is_cancelled: nil, context: nil)
    let status: cic_status
    if stream.starts(with: jpegXLMark) {
      status = cic_jxl_decode(stream, stream.count, limits, &info, &output, &message)
    } else {
      let file = container(streamBytes: stream.count) + stream + (stream.count % 2 == 1 ? [0] : [])
      status = cic_webp_decode(file, file.count, limits, &info, &output, &message)
    }
    defer { cic_buffer_free(&output) }
    guard status == CIC_OK, info.width == width, info.height == height, [1, 3].contains(info.channels) else {
      throw Damage("holds a mosaic that is none")
    }
    return (Array(UnsafeBufferPointer(start: output.bytes!, count: output.count)), Int(info.channels))
  }

  private static func container(streamBytes: Int) -> [UInt8] {
    var writer = ByteWriter()
    writer.append(Array("RIFF".utf8))
    writer.append(UInt32(streamBytes + streamBytes % 2 + containerBytes - 8))
    writer.append(Array("WEBPVP8L".utf8))
    writer.append(UInt32(streamBytes))
    return writer.bytes
  }
}
