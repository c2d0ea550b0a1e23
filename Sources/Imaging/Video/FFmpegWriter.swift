import Files
import Foundation

/// Writes an MP4 through the program ffmpeg, which it hands the raw frames: H.264 where that ffmpeg has it. Sides of an
/// odd length get a line of black, since the format halves the colors' resolution.
public final class FFmpegWriter: VideoWriter {
  private let format: VideoFormat
  private let file: PartialFile
  private let process = Process()
  private let frames = Pipe()
  private let complaints: URL

  /// - Throws: `ImagingError.unwritable`, naming the file, if ffmpeg is not on the PATH or does not start.
  public init(to url: URL, format: VideoFormat) throws {
    self.format = format
    let program = try Self.program(for: url)
    file = try PartialFile(for: url)
    complaints = FileManager.default.temporaryDirectory.appendingPathComponent("ffmpeg-\(UUID().uuidString).log")
    // A program that ends early must be an error of the next write, not the end of this process.
    signal(SIGPIPE, SIG_IGN)
    process.executableURL = program
    process.arguments = [
      "-hide_banner", "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", format.channels == 1 ? "gray" : "rgb24",
      "-s", "\(format.width)x\(format.height)", "-framerate", "\(format.framesPerSecond)", "-i", "-", "-an", "-vf",
      "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-pix_fmt", "yuv420p", "-movflags", "+faststart", "-metadata",
      "comment=\(PictureMark.text)", file.temporary.path,
    ]
    process.standardInput = frames
    process.standardOutput = FileHandle.nullDevice
    try file.naming {
      try Data().write(to: complaints)
      process.standardError = try FileHandle(forWritingTo: complaints)
      try process.run()
    }
  }

  deinit {
    if process.isRunning {
      // At the end of its input it stops by itself, whatever it does about the signal.
      try? frames.fileHandleForWriting.close()
      process.terminate()
      process.waitUntilExit()
    }
    try? FileManager.default.removeItem(at: complaints)
  }

  public func append(_ frame: PixelImage) throws {
    format.check(frame)
    do { try frames.fileHandleForWriting.write(contentsOf: frame.pixels) } catch { throw failure() }
  }

  public func finish() throws {
    try? frames.fileHandleForWriting.close()
    process.waitUntilExit()
    let size = (try? FileManager.default.attributesOfItem(atPath: file.temporary.path))?[.size] as? Int
    guard process.terminationStatus == 0, (size ?? 0) > 0 else {
      throw failure()
    }
    try file.commit()
  }

  /// The first line that ffmpeg wrote, with this file's own name in it.
  private func failure() -> ImagingError {
    try? frames.fileHandleForWriting.close()
    process.waitUntilExit()
    let text = (try? String(contentsOf: complaints, encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first.map {
      $0.replacingOccurrences(of: file.temporary.path, with: file.url.path)
    }
    return .unwritable(
      file: file.url.path, reason: "ffmpeg ended with status \(process.terminationStatus): \(line ?? "it said nothing")"
    )
  }

  /// - Throws: `ImagingError.unwritable`, naming the file, if ffmpeg is not on the PATH.
  static func program(for url: URL) throws -> URL {
    guard let program = Files.program(named: "ffmpeg") else {
      throw ImagingError.unwritable(
        file: url.path,
        reason:
          "an MP4 needs the program ffmpeg, which is not on the PATH: install it, or name a file that ends in .png")
    }
    return program
  }
}
