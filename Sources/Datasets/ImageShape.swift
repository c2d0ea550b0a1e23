/// The shape of every image of a data set: rows, columns and channels, laid out channels last.
public struct ImageShape: Sendable, Hashable, Codable {
  /// The number of rows of pixels.
  public var height: Int
  /// The number of columns of pixels.
  public var width: Int
  /// The number of values a pixel: 1 for gray, 3 for RGB.
  public var channels: Int

  /// - Parameter channels: 1 for gray, 3 for RGB.
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
