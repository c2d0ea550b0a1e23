/// The pixels that the pictures of one request may have together.
struct PixelBudget {
  let limit: Int
  private(set) var taken = 0

  init(limit: Int) { self.limit = limit }

  var rest: Int { max(0, limit - taken) }

  mutating func take(_ pixels: Int) { taken += pixels }

  /// What is said of a picture that has more than the rest.
  func excess(width: Int, height: Int) -> String {
    let before = taken == 0 ? "" : ", of which those before it have \(taken)"
    return
      "the picture is \(width)x\(height) pixels; expected at most \(limit) pixels in all pictures of a request\(before)"
  }
}
