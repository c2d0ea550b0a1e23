extension PixelImage {
  /// The picture at another size. Along each axis on its own: area averaging when it shrinks (every source pixel
  /// counts by the part of it that a new pixel covers), bilinear between pixel centers when it grows.
  ///
  /// Channels are resampled one by one; convert a picture with alpha first. Values are rounded to nearest.
  public func resized(width newWidth: Int, height newHeight: Int) -> PixelImage {
    precondition(newWidth > 0 && newHeight > 0, "a picture has at least one pixel, got \(newWidth)x\(newHeight)")
    if newWidth == width && newHeight == height { return self }
    return resampled(
      (0..<newWidth).map { Window(of: $0, from: width, to: newWidth) },
      (0..<newHeight).map { Window(of: $0, from: height, to: newHeight) })
  }

  /// Each new pixel by its windows, whose order is that of the source pixels.
  func resampled(_ columns: [Window], _ rows: [Window]) -> PixelImage {
    let (newWidth, newHeight) = (columns.count, rows.count)
    let newStride = newWidth * channels
    let used = rows[0].start..<rows.last!.start + rows.last!.weights.count

    let narrowed = [Float](unsafeUninitializedCapacity: used.count * newStride) { out, initialized in
      pixels.withUnsafeBufferPointer { source in
        for y in used {
          var target = out.baseAddress! + (y - used.lowerBound) * newStride
          for column in columns {
            narrow(source.baseAddress! + (y * width + column.start) * channels, column.weights, to: target)
            target += channels
          }
        }
      }
      initialized = used.count * newStride
    }

    let resized = [UInt8](unsafeUninitializedCapacity: newHeight * newStride) { out, initialized in
      narrowed.withUnsafeBufferPointer { source in
        for (y, row) in rows.enumerated() {
          let start = row.start - used.lowerBound
          for i in 0..<newStride {
            var sum: Float = 0
            for (k, weight) in row.weights.enumerated() { sum += weight * source[(start + k) * newStride + i] }
            out[y * newStride + i] = UInt8(min(255, max(0, sum + 0.5)))
          }
        }
      }
      initialized = newHeight * newStride
    }
    return PixelImage(width: newWidth, height: newHeight, channels: channels, pixels: resized)
  }

  /// The channels of one new pixel of a row.
  private func narrow(_ source: UnsafePointer<UInt8>, _ weights: [Float], to target: UnsafeMutablePointer<Float>) {
    weights.withUnsafeBufferPointer { weights in
      var source = source
      guard channels != 3 else {
        // Side by side, each sum in the same order as below.
        var (red, green, blue) = (Float(0), Float(0), Float(0))
        for weight in weights {
          red += weight * Float(source[0])
          green += weight * Float(source[1])
          blue += weight * Float(source[2])
          source += 3
        }
        (target[0], target[1], target[2]) = (red, green, blue)
        return
      }
      for c in 0..<channels {
        var sum: Float = 0
        for (k, weight) in weights.enumerated() { sum += weight * Float(source[c + k * channels]) }
        target[c] = sum
      }
    }
  }
}

/// Which source pixels one new pixel is made of along an axis, and by which weights (their sum is 1).
struct Window {
  let start: Int
  let weights: [Float]
}

extension Window {
  /// The part of an average that each source pixel has.
  ///
  /// - Parameters:
  ///   - oldCount: how long what is averaged is. It may end within a source pixel, as it may begin in one.
  ///   - offset: where it begins.
  ///   - pixelSize: of a source pixel, in the units of both.
  init(averaging index: Int, from oldCount: Int, at offset: Int = 0, ofPixels pixelSize: Int = 1, to newCount: Int) {
    // In units of 1/newCount, all edges are whole numbers.
    let low = offset * newCount + index * oldCount
    let high = low + oldCount
    let size = pixelSize * newCount
    let start = low / size
    self.init(
      start: start,
      weights: (start..<(high + size - 1) / size).map { pixel in
        Float(min(high, (pixel + 1) * size) - max(low, pixel * size)) / Float(oldCount)
      })
  }

  init(of index: Int, from oldCount: Int, to newCount: Int) {
    guard newCount >= oldCount else {
      self.init(averaging: index, from: oldCount, to: newCount)
      return
    }
    let center = (Double(index) + 0.5) * Double(oldCount) / Double(newCount) - 0.5
    let position = min(max(center, 0), Double(oldCount - 1))
    let start = min(Int(position), max(0, oldCount - 2))
    let fraction = Float(position - Double(start))
    self.init(start: start, weights: oldCount == 1 ? [1] : [1 - fraction, fraction])
  }
}
