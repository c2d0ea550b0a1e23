import ArgumentParser
import Foundation
import Imaging

/// How a moving picture is written.
struct VideoOptions: ParsableArguments {
  @Option(
    help: """
      A moving picture to write: NAME.png an animated PNG, NAME.mp4 an MP4 by the program ffmpeg; \
      without it, none.
      """, completion: .file())
  var video: String?
  @Option(help: "Length of the video; by default 2 for each way from one image to the next.") var seconds: Double?
  @Option(help: "Frames a second of the video; by default 24.") var fps: Int?
  private var rate: Int { fps ?? 24 }
  @Flag(help: "The video goes on from the last image to the first.") var loop = false

  func validate() throws {
    if let seconds, !(seconds > 0 && seconds <= 3600) {
      throw ValidationError("--seconds is \(seconds), expected above 0, up to 3600")
    }
    if let video { try requireWriter(of: video) }
    guard (1...240).contains(rate) else { throw ValidationError("--fps is \(rate), expected 1 to 240") }
    let ofVideo = [("seconds", seconds != nil), ("fps", fps != nil), ("loop", loop)]
    if video == nil, let flag = ofVideo.first(where: \.1) {
      throw ValidationError("--\(flag.0) is of --video: add that, or leave it out")
    }
  }

  private func requireWriter(of video: String) throws {
    do { try VideoFormat.requireWriter(for: URL(filePath: video)) } catch let error as ImagingError {
      throw ValidationError("--video \(error)")
    }
  }

  /// Writes one frame a position of a path of so many segments.
  /// - Parameters:
  ///   - frames: the pictures at some positions, all of one size.
  /// - Returns: how many frames were written, or nil without --video.
  func write(
    segments: Int, batch: Int = 32, frames pictures: ([Double]) throws -> [PixelImage]
  ) throws -> Int? {
    guard let video else { return nil }
    let count = max(2, Int(((seconds ?? 2 * Double(segments)) * Double(rate)).rounded()))
    // A loop's last frame is the one before its first.
    let positions = (0..<count).map { Double($0) * Double(segments) / Double(loop ? count : count - 1) }
    let bar = ProgressBar()
    defer { bar.clear() }
    var writer: (any VideoWriter)?
    for start in stride(from: 0, to: count, by: batch) {
      for frame in try pictures(Array(positions[start..<min(count, start + batch)])) {
        let format = VideoFormat(
          width: frame.width, height: frame.height, channels: frame.channels, framesPerSecond: rate, frames: count)
        let current = try writer ?? format.writer(to: URL(filePath: video))
        writer = current
        try current.append(frame)
      }
      bar.update(min(count, start + batch), of: count, "frames")
    }
    try writer?.finish()
    return count
  }
}
