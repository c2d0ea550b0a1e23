import CImageCodecs

/// How a JPEG becomes a picture of another size: at which scale it is decoded, and which part of that each new pixel averages.
///
/// The scale is the smallest of 1/8, 1/4, 1/2 and 1 at which the part that is taken still has four times the pixels of the new
/// picture, across and down. What a new pixel averages is the same area of the whole picture at each scale, to the fraction
/// of a pixel; with fewer than four, the pixels that it takes only a part of would tell.
struct ReducedFit {
  /// How many pixels, across and down, are decoded as one.
  let reduction: Int
  private static let leastRatio = 4
  private let size: (width: Int, height: Int)
  private let whole: (width: Int, height: Int)
  private let part: MiddlePart
  /// How many pixels the first column and row have less than the others: where the picture is turned, the rest that fills no
  /// block of the file comes first.
  private let missing: (x: Int, y: Int)

  init(of stored: cic_image_info, _ orientation: Orientation, to size: (width: Int, height: Int)) {
    whole = orientation.uprightSize(of: stored)
    self.size = size
    let part = MiddlePart(of: whole, withAspectOf: size)
    self.part = part
    let reduction =
      [8, 4, 2].first {
        part.width >= Self.leastRatio * $0 * size.width && part.height >= Self.leastRatio * $0 * size.height
      } ?? 1
    self.reduction = reduction
    func rest(_ side: Int) -> Int { (reduction - side % reduction) % reduction }
    missing = (
      orientation.beginsAtTheRight ? rest(whole.width) : 0, orientation.beginsAtTheBottom ? rest(whole.height) : 0
    )
  }

  /// - Parameter image: decoded at the scale, and upright.
  func apply(to image: PixelImage) -> PixelImage {
    guard reduction > 1 else { return image.fitted(width: size.width, height: size.height) }
    func windows(_ count: Int, _ length: Int, _ offset: Int) -> [Window] {
      (0..<count).map { Window(averaging: $0, from: length, at: offset, ofPixels: reduction, to: count) }
    }
    return image.resampled(
      windows(size.width, part.width, missing.x + part.left), windows(size.height, part.height, missing.y + part.top))
  }
}
