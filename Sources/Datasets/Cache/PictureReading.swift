/// How the pictures of a data set are read. Of sets that are no pictures, or have published figures, nothing depends on it but
/// the time.
public struct PictureReading: Sendable {
  /// Whether JPEGs that are much larger than the images are decoded at a reduced scale
  /// (`PixelImage.init(decoding:name:fittedTo:channels:pixelLimit:isCancelled:)`), which is several times faster. Values
  /// differ a little from those of whole decodings, so a model's images are to be read as in its training.
  public var reducesJPEGs: Bool
  /// Where pictures are kept that are read again and again; nil to decode them each time.
  public var cache: PictureCache?

  /// JPEGs at a reduced scale, and no cache, unless given.
  public init(reducesJPEGs: Bool = true, cache: PictureCache? = nil) {
    (self.reducesJPEGs, self.cache) = (reducesJPEGs, cache)
  }

  /// As published sets are read, so that figures compare.
  static func whole(_ cache: PictureCache?) -> PictureReading { PictureReading(reducesJPEGs: false, cache: cache) }
}
