import Foundation

/// The formats that pictures are written in; the ending of the file's name chooses.
///
/// ```swift
/// let url = URL(filePath: "sheet.png")
/// let format = try WrittenFormat(for: url)  // Before the work whose result is written.
/// ```
public enum WrittenFormat: Sendable {
  /// Exact.
  case png
  /// Lossy: quality 95 of libjpeg's 100, color at full resolution.
  case jpeg

  /// `.png`, or `.jpg`, `.jpeg`, `.jpe` and `.jfif`. A device or a pipe, such as `/dev/stdout`, takes a PNG.
  ///
  /// - Throws: `ImagingError.unwritable` for another ending or none.
  public init(for url: URL) throws {
    switch url.pathExtension.lowercased() {
    case "png": self = .png
    case "jpg", "jpeg", "jpe", "jfif": self = .jpeg
    default:
      guard Self.isStream(url) else {
        throw ImagingError.unwritable(
          file: url.path, reason: "a picture's name ends in .png, or in .jpg for a lossy JPEG")
      }
      self = .png
    }
  }

  private static func isStream(_ url: URL) -> Bool {
    let type = try? FileManager.default.attributesOfItem(atPath: url.resolvingSymlinksInPath().path)[.type]
    return ![nil, .typeRegular, .typeDirectory].contains(type as? FileAttributeType)
  }
}
