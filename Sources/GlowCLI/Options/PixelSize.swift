import ArgumentParser

/// A size in pixels as a person writes it: `32` or `24x32` (height x width).
struct PixelSize: ExpressibleByArgument {
  let height: Int
  let width: Int

  init?(argument: String) {
    let parts = argument.lowercased().split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard (1...2).contains(parts.count), let height = parts[0], let width = parts[parts.count - 1],
      height > 0, width > 0
    else { return nil }
    (self.height, self.width) = (height, width)
  }
}
