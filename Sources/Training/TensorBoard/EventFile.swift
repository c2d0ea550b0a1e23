import Files
import Foundation
import Imaging
import Runs
import SwiftProtobuf

/// A file of events that TensorBoard shows: scalars, images and histograms, each under a tag, against a step.
///
/// Every append is one record, written before it returns, and nothing is kept in memory. A process that is killed can
/// leave a part of a last record, which TensorBoard passes over.
///
/// ```swift
/// let events = try EventFile(in: URL(filePath: "runs/first"))
/// try events.append([("loss", .scalar(3.5)), ("weights", .histogram([0.1, 0.2, 0.4]))], step: 100)
/// ```
public final class EventFile {
  /// What can be shown under a tag.
  public enum Value: Sendable {
    /// Kept in single precision, as the format has it.
    case scalar(Double)
    /// Stored as a PNG.
    case image(PixelImage)
    /// Counted into thirty buckets of one width from the smallest value to the largest, as TensorBoard's own
    /// `summary.histogram` does. Values that are not finite are left out; a histogram of no others is not written.
    case histogram([Double])
  }

  /// The file that events are appended to.
  public let url: URL
  private let descriptor: Int32
  /// Bytes of whole records.
  private var size = 0

  /// Starts a new file in `folder`: `events.out.tfevents.SECONDS.HOST.PROCESS.NUMBER`, of a name that sorts behind those
  /// of the files that are there, in which order TensorBoard reads them.
  /// - Parameter step: the last step up to which earlier files count: TensorBoard drops what they hold after it; nil
  ///   drops all.
  /// - Throws: `TrainingError` naming the file, as all of the type's functions do.
  public init(in folder: URL, after step: Int? = nil) throws {
    url = folder.appending(path: Self.newName(in: folder))
    descriptor = open(url.path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw TrainingError.system("create", url) }
    let now = Date()
    try append(.with { $0.fileVersion = "brain.Event:2" }, step: 0, now)
    try append(.with { $0.sessionLog.status = .start }, step: step.map { $0 + 1 } ?? 0, now)
  }

  deinit { close(descriptor) }

  /// Appends values of one step, in one record.
  public func append(_ values: [(tag: String, value: Value)], step: Int, at time: Date = Date()) throws {
    let points = try values.compactMap { tag, value in try Self.point(tag, value) }
    guard !points.isEmpty else { return }
    try append(.with { $0.summary.value = points }, step: step, time)
  }

  private func append(_ event: TensorBoardEvent, step: Int, _ time: Date) throws {
    var event = event
    event.step = Int64(step)
    event.wallTime = time.timeIntervalSince1970
    let record = TFRecord.framed(try event.serializedBytes())
    var done = 0
    while done < record.count {
      let count = record.withUnsafeBytes { write(descriptor, $0.baseAddress! + done, record.count - done) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else {
        let error = TrainingError.system("write", url)
        // Where the disk is full, whole records stay.
        ftruncate(descriptor, off_t(size))
        throw error
      }
      done += count
    }
    size += record.count
  }

  private static func point(_ tag: String, _ value: Value) throws -> TensorBoardSummary.Value? {
    var point = TensorBoardSummary.Value()
    point.tag = tag
    switch value {
    case .scalar(let number): point.simpleValue = Float(number)
    case .image(let image):
      point.image.width = Int32(image.width)
      point.image.height = Int32(image.height)
      point.image.colorspace = Int32(image.channels)
      point.image.encodedImageString = Data(try image.encodePNG())
    case .histogram(let numbers):
      guard let histogram = histogram(of: numbers.filter(\.isFinite)) else { return nil }
      point.histo = histogram
    }
    return point
  }

  private static let bucketCount = 30

  private static func histogram(of values: [Double]) -> TensorBoardHistogram? {
    guard let low = values.min(), let high = values.max() else { return nil }
    // Halves, since the difference itself may be too large a number.
    let span = high / 2 - low / 2
    let buckets = span > 0 ? bucketCount : 1
    var counts = [Double](repeating: 0, count: buckets)
    for value in values {
      let place = span > 0 ? (value / 2 - low / 2) / span : 0
      counts[min(buckets - 1, Int(place * Double(buckets)))] += 1
    }
    let inner = (1..<buckets).map { (number: Int) -> Double in
      let half = low / 2 + span * (Double(number) / Double(buckets))
      return 2 * half
    }
    return .with {
      $0.min = low
      $0.max = high
      $0.num = Double(values.count)
      $0.sum = values.reduce(0, +)
      $0.sumSquares = values.reduce(0) { $0 + $1 * $1 }
      $0.bucketLimit = inner + [high]
      $0.bucket = counts
    }
  }

  static let prefix = "events.out.tfevents."

  private static func newName(in folder: URL) -> String {
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
      .filter { $0.hasPrefix(prefix) }
    let times = names.compactMap { Int($0.dropFirst(prefix.count).prefix { $0 != "." }) }
    // Ten digits: names of more would not sort as numbers do.
    let last = times.filter { $0 < 9_999_999_999 }.max() ?? 0
    let now = max(Int(Date().timeIntervalSince1970), last + 1)
    let host = ProcessInfo.processInfo.hostName.replacingOccurrences(of: "/", with: "-")
    return prefix + String(format: "%010d", now) + ".\(host).\(getpid()).\(names.count)"
  }
}
