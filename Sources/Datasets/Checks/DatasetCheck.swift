import Files
import Foundation
import Synchronization

/// What `glow data check` found: what is there, and everything that is missing or damaged.
///
/// ```swift
/// let check = try DatasetCheck(of: DatasetSource(parsing: "fashion-mnist"), workers: 2)
/// for part in check.parts { print(part.split, part.images) }  // train 60000, test 10000
/// print(check.problems.isEmpty ? "nothing is wrong" : check.problems.joined(separator: "\n"))
/// ```
public struct DatasetCheck: Sendable {
  /// A split that could be opened, and how much is in it.
  public struct Part: Sendable, Equatable {
    /// Train, validation or test.
    public let split: DatasetSplit
    /// How many images it has.
    public let images: Int
    /// How many labels its images can have; 0 for none.
    public let classes: Int
    /// How many binary attributes its images have; 0 for none.
    public let attributes: Int
  }

  /// The splits that could be opened.
  public private(set) var parts: [Part] = []
  /// What is not used of the files, and what is converted: a sentence each.
  public private(set) var notes: [String] = []
  /// What is wrong: one sentence a fault, each naming its file or split; empty when all is well.
  public private(set) var problems: [String] = []

  /// Reads every image of every split that the source has of its own, decodes every picture, verifies every checksum
  /// that is stored or published, and compares the counts of images with the published ones.
  ///
  /// - Parameters:
  ///   - workers: threads that read.
  ///   - progress: called now and then with the images read and those to read in the split at hand; what it throws
  ///     ends the work.
  public init(
    of source: DatasetSource, workers: Int = 1,
    progress: (_ split: DatasetSplit, _ done: Int, _ total: Int) throws -> Void = { _, _, _ in }
  ) throws {
    precondition(workers > 0, "checking needs a worker")
    for check in source.fileChecks() { attempt(check) }
    for split in [DatasetSplit.train, .validation, .test] {
      let dataset: any ImageDataset
      do {
        guard let opened = try source.openForChecking(split) else { continue }
        dataset = opened
      } catch {
        let text = "\(error)"
        // A fault of the whole set is found by each split.
        if !problems.contains(text) { problems.append(text) }
        continue
      }
      for note in dataset.notes where !notes.contains(note) { notes.append(note) }
      try read(dataset, workers, progress)
      if let expected = source.publishedCounts[split], dataset.count != expected {
        problems.append(
          "\(source): the \(split.rawValue) split has \(counted(dataset.count, "image")), expected \(expected).")
      }
    }
    if parts.isEmpty && problems.isEmpty { problems.append("\(source): no images.") }
    let trainImages = parts.first { $0.split == .train }?.images ?? 0
    if problems.isEmpty, let reason = source.reasonAgainstTraining(images: trainImages) {
      notes.append("not enough to train with: \(reason)")
    }
  }

  private mutating func attempt(_ check: IntegrityCheck) {
    do { try check.run() } catch { problems.append("\(error)") }
  }

  private mutating func read(
    _ dataset: any ImageDataset, _ workers: Int, _ progress: (DatasetSplit, Int, Int) throws -> Void
  ) throws {
    parts.append(
      Part(
        split: dataset.split, images: dataset.count, classes: dataset.classNames.count,
        attributes: dataset.attributeNames.count))
    if let dataset = dataset as? any IntegrityChecking { dataset.integrityChecks().forEach { attempt($0) } }
    let chunk = 64
    let chunks = OrderedPrefetcher(
      count: (dataset.count + chunk - 1) / chunk, ahead: 4 * workers, workers: workers
    ) { number in
      let pixels = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: dataset.shape.elementCount)
      defer { pixels.deallocate() }
      return (number * chunk..<min((number + 1) * chunk, dataset.count)).compactMap { image -> String? in
        do { try dataset.copyPixels(at: image, to: pixels) } catch { return "\(error)" }
        return nil
      }
    }
    defer { chunks.close() }
    var done = 0
    while let found = try chunks.next() {
      problems += found
      done = min(done + chunk, dataset.count)
      try progress(dataset.split, done, dataset.count)
    }
  }
}
