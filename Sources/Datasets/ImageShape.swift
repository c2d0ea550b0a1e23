/// The shape of every image of a data set: rows, columns and channels, laid out channels last.
public struct ImageShape: Sendable, Hashable, Codable {
  /// In pixels.
  public var height: Int
  /// In pixels.
  public var width: Int
  /// 1 gray, 3 RGB.
  public var channels: Int

  public init(height: Int, width: Int, channels: Int) {
    self.height = height
    self.width = width
    self.channels = channels
  }

  /// `height * width * channels`: the bytes of one image, and the dimensions of bits per dimension.
  public var elementCount: Int { height * width * channels }
}

extension ImageShape: CustomStringConvertible {
  public var description: String { "\(height)x\(width)x\(channels)" }
}
