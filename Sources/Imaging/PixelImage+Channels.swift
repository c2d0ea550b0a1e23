extension PixelImage {
  /// The picture in gray (1) or RGB (3), without alpha.
  ///
  /// Alpha is composited on white: `(value * alpha + 255 * (255 - alpha)) / 255`, rounded to nearest. Gray from RGB is
  /// the luma of ITU-R Rec. 601 in the integers Pillow uses, `(19595 R + 38470 G + 7471 B + 32768) >> 16`, which is
  /// 0.299 R + 0.587 G + 0.114 B rounded to nearest. RGB from gray repeats the value.
  public func converted(toChannels target: Int) -> PixelImage {
    precondition(target == 1 || target == 3, "pictures convert to 1 or 3 channels, not \(target)")
    let opaque = compositedOnWhite()
    if opaque.channels == target { return opaque }
    return target == 1 ? opaque.luma() : opaque.repeatedToRGB()
  }

  private func compositedOnWhite() -> PixelImage {
    guard channels == 2 || channels == 4 else { return self }
    let colors = channels - 1
    return mappingPixels(toChannels: colors) { source, target in
      let alpha = Int(source[colors])
      for c in 0..<colors {
        target[c] = UInt8((Int(source[c]) * alpha + 255 * (255 - alpha) + 127) / 255)
      }
    }
  }

  private func luma() -> PixelImage {
    mappingPixels(toChannels: 1) { rgb, gray in
      let (red, green, blue) = (UInt32(rgb[0]), UInt32(rgb[1]), UInt32(rgb[2]))
      let luma: UInt32 = 19595 * red + 38470 * green + 7471 * blue
      gray[0] = UInt8((luma + 32768) >> 16)
    }
  }

  private func repeatedToRGB() -> PixelImage {
    mappingPixels(toChannels: 3) { gray, rgb in
      for c in 0..<3 { rgb[c] = gray[0] }
    }
  }

  private func mappingPixels(
    toChannels target: Int, _ body: (UnsafePointer<UInt8>, UnsafeMutablePointer<UInt8>) -> Void
  ) -> PixelImage {
    let count = width * height
    let mapped = [UInt8](unsafeUninitializedCapacity: count * target) { out, initialized in
      pixels.withUnsafeBufferPointer { source in
        for i in 0..<count {
          body(source.baseAddress! + i * channels, out.baseAddress! + i * target)
        }
      }
      initialized = count * target
    }
    return PixelImage(width: width, height: height, channels: target, pixels: mapped)
  }
}
