extension PixelImage {
  /// The picture at another size. Along each axis on its own: area averaging when it shrinks (every source pixel
  /// counts by the part of it that a new pixel covers), bilinear between pixel centers when it grows.
  ///
  /// Channels are resampled one by one; convert a picture with alpha first. Values are rounded to nearest.
  public func resized(width newWidth: Int, height newHeight: Int) -> PixelImage {
    precondition(newWidth > 0 && newHeight > 0, "a picture has at least one pixel, got \(newWidth)x\(newHeight)")
    if newWidth == width && newHeight == height { return self }
    let columns = (0..<newWidth).map { Window(of: $0, from: width, to: newWidth) }
    let rows = (0..<newHeight).map { Window(of: $0, from: height, to: newHeight) }
    let newStride = newWidth * channels

    let narrowed = [Float](unsafeUninitializedCapacity: height * newStride) { out, initialized in
      pixels.withUnsafeBufferPointer { source in
        for y in 0..<height {
          for (x, column) in columns.enumerated() {
            for c in 0..<channels {
              let first = (y * width + column.start) * channels + c
              var sum: Float = 0
              for (k, weight) in column.weights.enumerated() { sum += weight * Float(source[first + k * channels]) }
              out[y * newStride + x * channels + c] = sum
            }
          }
        }
      }
      initialized = height * newStride
    }

    let resized = [UInt8](unsafeUninitializedCapacity: newHeight * newStride) { out, initialized in
      narrowed.withUnsafeBufferPointer { source in
        for (y, row) in rows.enumerated() {
          for i in 0..<newStride {
            var sum: Float = 0
            for (k, weight) in row.weights.enumerated() { sum += weight * source[(row.start + k) * newStride + i] }
            out[y * newStride + i] = UInt8(min(255, max(0, sum + 0.5)))
          }
        }
      }
      initialized = newHeight * newStride
    }
    return PixelImage(width: newWidth, height: newHeight, channels: channels, pixels: resized)
  }
}

/// Which source pixels one new pixel is made of along an axis, and by which weights (their sum is 1).
private struct Window {
  let start: Int
  let weights: [Float]

  init(of index: Int, from oldCount: Int, to newCount: Int) {
    if newCount < oldCount {
      // In units of 1/newCount of a source pixel, all edges are whole numbers.
      let low = index * oldCount
      let high = low + oldCount
      start = low / newCount
      weights = (start..<(high + newCount - 1) / newCount).map { pixel in
        let covered = min(high, (pixel + 1) * newCount) - max(low, pixel * newCount)
        return Float(covered) / Float(oldCount)
      }
    } else {
      let center = (Double(index) + 0.5) * Double(oldCount) / Double(newCount) - 0.5
      let position = min(max(center, 0), Double(oldCount - 1))
      start = min(Int(position), max(0, oldCount - 2))
      let fraction = Float(position - Double(start))
      weights = oldCount == 1 ? [1] : [1 - fraction, fraction]
    }
  }
}
