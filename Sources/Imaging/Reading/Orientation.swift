import CImageCodecs

/// How a picture is stored: the values of the tag Orientation (0x0112) of the Exif standard. Each says at which sides of the
/// upright picture the first stored row and the first stored column are.
enum Orientation: Int {
  case topLeft = 1
  case topRight
  case bottomRight
  case bottomLeft
  case leftTop
  case rightTop
  case rightBottom
  case leftBottom

  /// What the Exif data of a picture says; `.topLeft` where there is none, or where it breaks its own rules: such a picture
  /// is taken as it is stored, as other readers do.
  ///
  /// - Parameters:
  ///   - head: the first bytes, of a JPEG up to its first scan.
  ///   - source: all of them.
  /// - Throws: `ImagingError` where the source cannot be read.
  init(of format: ImageFormat, head: UnsafeBufferPointer<UInt8>, in source: some ByteSource) throws {
    let block =
      switch format {
      case .png: try ExifBlock(ofPNG: source)
      case .jpeg: ExifBlock(ofJPEG: head)
      case .webp: try ExifBlock(ofWebP: source)
      case .unsupported: nil as ExifBlock?
      }
    self = block?.orientation ?? .topLeft
  }

  /// Whether what is stored at the first columns or rows stands at the right of the upright picture.
  var beginsAtTheRight: Bool { [.topRight, .bottomRight, .rightTop, .rightBottom].contains(self) }

  /// Whether what is stored at the first columns or rows stands at its bottom.
  var beginsAtTheBottom: Bool { [.bottomRight, .bottomLeft, .rightBottom, .leftBottom].contains(self) }

  func uprightSize(of stored: cic_image_info) -> (width: Int, height: Int) {
    let (width, height) = (Int(stored.width), Int(stored.height))
    return rawValue >= Orientation.leftTop.rawValue ? (height, width) : (width, height)
  }
}

extension PixelImage {
  /// - Parameter stored: `[height, width, channels]` of `info`.
  init(stored: UnsafePointer<UInt8>, info: cic_image_info, orientation: Orientation) {
    let (width, height, channels) = (Int(info.width), Int(info.height), Int(info.channels))
    let count = width * height * channels
    let pixels = [UInt8](unsafeUninitializedCapacity: count) { upright, initialized in
      cic_copy_upright(stored, width, height, channels, Int32(orientation.rawValue), upright.baseAddress!)
      initialized = count
    }
    let size = orientation.uprightSize(of: info)
    self.init(width: size.width, height: size.height, channels: channels, pixels: pixels)
  }
}
