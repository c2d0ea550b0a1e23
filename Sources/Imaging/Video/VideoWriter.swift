import Foundation

/// Takes the frames of a moving picture one after another; the file appears under its name when all is written.
public protocol VideoWriter: AnyObject {
  /// - Parameter frame: of the size and the channels that the writer was made for.
  /// - Throws: `ImagingError.unwritable`, naming the file.
  func append(_ frame: PixelImage) throws

  /// Ends the file and gives it its name. A writer that is let go without this leaves nothing.
  /// - Throws: `ImagingError.unwritable`, naming the file.
  func finish() throws
}

/// What all frames of a moving picture have in common.
///
/// ```swift
/// let frames = (0..<10).map { PixelImage(width: 64, height: 64, channels: 1, filledWith: UInt8($0 * 25)) }
/// let format = VideoFormat(width: 64, height: 64, channels: 1, framesPerSecond: 5, frames: frames.count)
/// let writer = try format.writer(to: URL(filePath: "fade.png"))
/// for frame in frames { try writer.append(frame) }
/// try writer.finish()
/// ```
public struct VideoFormat: Sendable, Equatable {
  /// In pixels.
  public var width: Int
  /// In pixels.
  public var height: Int
  /// 1 gray or 3 RGB.
  public var channels: Int
  /// How many frames are shown in a second.
  public var framesPerSecond: Int
  /// How many frames will be appended, which an animated PNG says before the first.
  public var frames: Int

  /// - Parameter channels: 1 gray or 3 RGB; all other numbers are above 0.
  public init(width: Int, height: Int, channels: Int, framesPerSecond: Int, frames: Int) {
    precondition(width > 0 && height > 0 && framesPerSecond > 0 && frames > 0, "a video has frames of at least a pixel")
    precondition(channels == 1 || channels == 3, "a video is gray or RGB, not of \(channels) channels")
    self.width = width
    self.height = height
    self.channels = channels
    self.framesPerSecond = framesPerSecond
    self.frames = frames
  }

  /// A writer by the ending of the file's name: `.png` or `.apng` an animated PNG, `.mp4` an MP4 by the program ffmpeg.
  /// - Throws: `ImagingError.unwritable` for another ending, where ffmpeg is missing, or where the file cannot be made.
  public func writer(to url: URL) throws -> any VideoWriter {
    try Self.requireWriter(for: url)
    return url.pathExtension.lowercased() == "mp4"
      ? try FFmpegWriter(to: url, format: self) : try AnimatedPNGWriter(to: url, format: self)
  }

  /// Checks before there are frames that ``writer(to:)`` can write such a file.
  /// - Throws: `ImagingError.unwritable` for another ending, or where ffmpeg is missing.
  public static func requireWriter(for url: URL) throws {
    switch url.pathExtension.lowercased() {
    case "png", "apng": return
    case "mp4": _ = try FFmpegWriter.program(for: url)
    default:
      throw ImagingError.unwritable(
        file: url.path, reason: "a video's name ends in .png or .apng (animated PNG) or .mp4")
    }
  }

  func check(_ frame: PixelImage) {
    precondition(
      frame.width == width && frame.height == height && frame.channels == channels,
      "a frame is \(frame.width)x\(frame.height)x\(frame.channels), expected \(width)x\(height)x\(channels)")
  }
}
