extension PixelImage {
  /// The middle `width` x `height` pixels; an odd remainder leaves the larger border on the right and below.
  public func centerCropped(width newWidth: Int, height newHeight: Int) -> PixelImage {
    precondition(
      (1...width).contains(newWidth) && (1...height).contains(newHeight),
      "cannot crop \(width)x\(height) to \(newWidth)x\(newHeight)")
    if newWidth == width && newHeight == height { return self }
    let left = (width - newWidth) / 2
    let top = (height - newHeight) / 2
    var cropped: [UInt8] = []
    cropped.reserveCapacity(newWidth * newHeight * channels)
    for y in top..<top + newHeight {
      let start = (y * width + left) * channels
      cropped += pixels[start..<start + newWidth * channels]
    }
    return PixelImage(width: newWidth, height: newHeight, channels: channels, pixels: cropped)
  }

  /// The largest middle part with the aspect of `size`, its sides rounded to whole pixels.
  public func centerCropped(toAspectOf size: (width: Int, height: Int)) -> PixelImage {
    let part = MiddlePart(of: (width, height), withAspectOf: size)
    return centerCropped(width: part.width, height: part.height)
  }

  /// The picture at exactly `width` x `height`: its middle is cropped to that aspect, then resized.
  public func fitted(width newWidth: Int, height newHeight: Int) -> PixelImage {
    centerCropped(toAspectOf: (newWidth, newHeight)).resized(width: newWidth, height: newHeight)
  }
}

/// The largest middle part of a picture that has an aspect.
struct MiddlePart {
  /// In whole pixels.
  let width, height: Int
  /// An odd remainder leaves the larger border on the right and below.
  let left, top: Int

  init(of whole: (width: Int, height: Int), withAspectOf size: (width: Int, height: Int)) {
    precondition(size.width > 0 && size.height > 0, "an aspect needs positive sides, got \(size)")
    let fittingWidth = (2 * whole.height * size.width + size.height) / (2 * size.height)
    let fittingHeight = (2 * whole.width * size.height + size.width) / (2 * size.width)
    if fittingWidth <= whole.width {
      (width, height) = (max(1, fittingWidth), whole.height)
    } else {
      (width, height) = (whole.width, max(1, min(whole.height, fittingHeight)))
    }
    (left, top) = ((whole.width - width) / 2, (whole.height - height) / 2)
  }
}
