import CImageCodecs

/// The C codecs in Swift's terms: bytes in, pixels out, every status turned into an `ImagingError` that names `file`.
struct Codec {
  let file: String
  let pixelLimit: Int

  /// - Parameters:
  ///   - head: the first bytes, of a JPEG up to its first scan.
  ///   - source: all of them, since Exif data may lie at the end.
  func header(of head: UnsafeBufferPointer<UInt8>, in source: some ByteSource) throws -> ImageHeader {
    let limits = cic_limits(pixels: UInt64(pixelLimit), is_cancelled: nil, context: nil)
    let format = try format(of: head)
    let info =
      switch format {
      case .png: try read(head, .png, source) { cic_png_read_info($0, $1, limits, $2, $3) }
      case .jpeg: try read(head, .jpeg, source) { cic_jpeg_read_info($0, $1, limits, $2, $3) }
      case .webp: try read(head, .webp, source) { cic_webp_read_info($0, $1, limits, $2, $3) }
      case .unsupported(let name): throw ImagingError.unsupported(file: file, found: name)
      }
    // A square stays one; else Exif data may have to be looked for at the end.
    let orientation = info.width == info.height ? .topLeft : try Orientation(of: format, head: head, in: source)
    let (width, height) = orientation.uprightSize(of: info)
    return ImageHeader(width: width, height: height, channels: Int(info.channels))
  }

  func image(from bytes: UnsafeBufferPointer<UInt8>, isCancelled: () -> Bool) throws -> PixelImage {
    try image(from: bytes, reduction: 1, isCancelled: isCancelled)
  }

  /// - Parameter reduction: of a JPEG: how many pixels, across and down, become one: 1, 2, 4 or 8.
  private func image(
    from bytes: UnsafeBufferPointer<UInt8>, reduction: Int, isCancelled: () -> Bool
  ) throws -> PixelImage {
    var pixels = cic_buffer()
    defer { cic_buffer_free(&pixels) }
    let format = try format(of: bytes)
    var info = try withLimits(isCancelled) { limits in
      switch format {
      case .png: try read(bytes, .png, bytes) { cic_png_decode($0, $1, limits, $2, &pixels, $3) }
      case .jpeg:
        try read(bytes, .jpeg, bytes) { cic_jpeg_decode($0, $1, limits, Int32(reduction), $2, &pixels, $3) }
      case .webp: try read(bytes, .webp, bytes) { cic_webp_decode($0, $1, limits, $2, &pixels, $3) }
      case .unsupported(let name): throw ImagingError.unsupported(file: file, found: name)
      }
    }
    info.width = (info.width + Int32(reduction) - 1) / Int32(reduction)
    info.height = (info.height + Int32(reduction) - 1) / Int32(reduction)
    return PixelImage(
      stored: pixels.bytes!, info: info, orientation: try Orientation(of: format, head: bytes, in: bytes))
  }

  /// A picture at another size, of a JPEG from no more of its pixels than that takes.
  func image(
    from bytes: UnsafeBufferPointer<UInt8>, fittedTo size: (width: Int, height: Int), channels: Int,
    isCancelled: () -> Bool
  ) throws -> PixelImage {
    guard try format(of: bytes) == .jpeg else {
      return try image(from: bytes, isCancelled: isCancelled).converted(toChannels: channels)
        .fitted(width: size.width, height: size.height)
    }
    let limits = cic_limits(pixels: UInt64(pixelLimit), is_cancelled: nil, context: nil)
    let info = try read(bytes, .jpeg, bytes) { cic_jpeg_read_info($0, $1, limits, $2, $3) }
    let fit = ReducedFit(of: info, try Orientation(of: .jpeg, head: bytes, in: bytes), to: size)
    return fit.apply(
      to: try image(from: bytes, reduction: fit.reduction, isCancelled: isCancelled).converted(toChannels: channels))
  }

  private func withLimits<Result>(
    _ isCancelled: () -> Bool, _ body: (cic_limits) throws -> Result
  ) rethrows -> Result {
    try withoutActuallyEscaping(isCancelled) { isCancelled in
      try withUnsafePointer(to: isCancelled) { pointer in
        try body(
          cic_limits(
            pixels: UInt64(pixelLimit),
            is_cancelled: { $0!.assumingMemoryBound(to: (() -> Bool).self).pointee() ? 1 : 0 },
            context: UnsafeMutableRawPointer(mutating: pointer)))
      }
    }
  }

  private func format(of bytes: UnsafeBufferPointer<UInt8>) throws -> ImageFormat {
    guard !bytes.isEmpty else { throw ImagingError.empty(file: file) }
    guard let format = ImageFormat(firstBytes: bytes) else {
      let firstBytes = bytes.prefix(4).map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }
      throw ImagingError.notAnImage(file: file, firstBytes: firstBytes.joined(separator: " "))
    }
    return format
  }

  private typealias Reader = (
    UnsafePointer<UInt8>, Int, UnsafeMutablePointer<cic_image_info>, UnsafeMutablePointer<CChar>
  ) -> cic_status

  private func read(
    _ bytes: UnsafeBufferPointer<UInt8>, _ format: ImageFormat, _ source: some ByteSource, with reader: Reader
  ) throws -> cic_image_info {
    var info = cic_image_info()
    let (status, message) = withMessage { reader(bytes.baseAddress!, bytes.count, &info, $0) }
    switch status {
    case CIC_OK:
      return info
    case CIC_CANCELLED:
      throw CancellationError()
    case CIC_TRUNCATED:
      throw ImagingError.truncated(file: file, format: format.name, detail: message)
    case CIC_UNSUPPORTED:
      throw ImagingError.unsupported(file: file, found: "\(format.name) of this kind (\(message))")
    case CIC_TOO_LARGE:
      let (width, height) = try Orientation(of: format, head: bytes, in: source).uprightSize(of: info)
      throw ImagingError.tooLarge(file: file, width: width, height: height, pixelLimit: pixelLimit)
    case CIC_OUT_OF_MEMORY:
      throw ImagingError.unreadable(file: file, reason: message)
    default:
      throw ImagingError.damaged(file: file, format: format.name, detail: message)
    }
  }
}

/// Runs a C call that may write a message, and returns its status with that message.
func withMessage(_ body: (UnsafeMutablePointer<CChar>) -> cic_status) -> (status: cic_status, message: String) {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(CIC_MESSAGE_CAPACITY)) { buffer in
    buffer.initialize(repeating: 0)
    let status = body(buffer.baseAddress!)
    return (status, String(cString: buffer.baseAddress!))
  }
}
