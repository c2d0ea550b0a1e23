import Files
import Foundation

/// What can be wrong with a picture that comes from outside. Each case reads as one sentence that names the file,
/// what was found and what was expected. `file` is a path, or the name given with bytes in memory.
public enum ImagingError: Error, Sendable, Equatable {
  /// There is no such file.
  case missing(file: String)
  /// The system does not let it be read; `reason` is its own words.
  case unreadable(file: String, reason: String)
  /// There is not one byte in it.
  case empty(file: String)
  /// None of the formats that are read begins with these bytes.
  case notAnImage(file: String, firstBytes: String)
  /// A picture, but of a format (`GIF`) or of a kind (`12-bit JPEG`) that is not read.
  case unsupported(file: String, found: String)
  /// The data end before the picture does.
  case truncated(file: String, format: String, detail: String)
  /// The data are none that the format allows.
  case damaged(file: String, format: String, detail: String)
  /// It has more pixels, width times height, than the limit that the caller set.
  case tooLarge(file: String, width: Int, height: Int, pixelLimit: Int)
  /// The file cannot be made or written.
  case unwritable(file: String, reason: String)
}

extension ImagingError: LocalizedError, CustomStringConvertible {
  public var errorDescription: String? { description }

  public var description: String { printable(sentence) }

  private var sentence: String {
    switch self {
    case .missing(let file):
      "\(file): there is no such file; expected a PNG, JPEG or WebP picture."
    case .unreadable(let file, let reason):
      "\(file): the file could not be read (\(reason))."
    case .empty(let file):
      "\(file): the file is empty; expected a PNG, JPEG or WebP picture."
    case .notAnImage(let file, let firstBytes):
      "\(file): not a picture; expected the first bytes of a PNG, JPEG or WebP file, found \(firstBytes)."
    case .unsupported(let file, let found):
      if let format = UnreadFormat.named(found) {
        "\(file): \(found) is not read; make a PNG of it: \(format.converter.advice(for: "FILE"))."
      } else {
        "\(file): \(found) is not supported; expected an 8-bit or 16-bit PNG, an 8-bit JPEG or a still WebP picture."
      }
    case .truncated(let file, let format, let detail):
      "\(file): the \(format) data is cut short (\(detail)); expected a whole file."
    case .damaged(let file, let format, let detail):
      "\(file): the \(format) data is damaged (\(detail)); expected an intact file."
    case .tooLarge(let file, let width, let height, let pixelLimit):
      "\(file): the picture is \(width)x\(height) pixels; expected at most \(pixelLimit) pixels in all; "
        + "--pixel-limit allows more, and for a data set pictures,megapixels=NUMBER:FOLDER."
    case .unwritable(let file, let reason):
      "\(file): the file could not be written (\(reason))."
    }
  }
}
