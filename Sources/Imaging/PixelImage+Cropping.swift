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
    precondition(size.width > 0 && size.height > 0, "an aspect needs positive sides, got \(size)")
    let fittingWidth = (2 * height * size.width + size.height) / (2 * size.height)
    let fittingHeight = (2 * width * size.height + size.width) / (2 * size.width)
    return if fittingWidth <= width {
      centerCropped(width: max(1, fittingWidth), height: height)
    } else {
      centerCropped(width: width, height: max(1, min(height, fittingHeight)))
    }
  }

  /// The picture at exactly `width` x `height`: its middle is cropped to that aspect, then resized.
  public func fitted(width newWidth: Int, height newHeight: Int) -> PixelImage {
    centerCropped(toAspectOf: (newWidth, newHeight)).resized(width: newWidth, height: newHeight)
  }
}
