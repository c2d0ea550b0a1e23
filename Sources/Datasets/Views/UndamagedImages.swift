import Foundation
import Synchronization

/// The images of a data set that can be read, where some may be damaged: those are left out, and named.
///
/// ```swift
/// let all = try DatasetSource(parsing: "photos").open(split: .test, size: (32, 32), seed: 0, toleratingDamage: true)
/// let sound = try UndamagedImages(of: all, skippingAtMost: 3)
/// print(sound.dataset.count, sound.damaged)
/// ```
public struct UndamagedImages: Sendable {
  /// The images that can be read, in their order.
  public let dataset: any ImageDataset
  /// What is wrong with the images that are left out, a sentence each, in their order.
  public let damaged: [String]
  /// For each image, its number in the whole data set; nil where it is the same.
  private let numbers: [Int]?

  /// All images of a data set, none of which is read.
  public init(all dataset: any ImageDataset) { (self.dataset, damaged, numbers) = (dataset, [], nil) }

  /// Reads all images once.
  /// - Throws: `DatasetError.tooManyDamaged` if more than `limit` cannot be read, `.noneReadable` if none can.
  public init(of dataset: any ImageDataset, skippingAtMost limit: Int) throws {
    let faults = Mutex<[Int: String]>([:])
    let part = 64
    DispatchQueue.concurrentPerform(iterations: (dataset.count + part - 1) / part) { number in
      let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: dataset.shape.elementCount)
      defer { buffer.deallocate() }
      for index in number * part..<min((number + 1) * part, dataset.count) {
        do { try dataset.copyPixels(at: index, to: buffer) } catch { faults.withLock { $0[index] = "\(error)" } }
      }
    }
    let found = faults.withLock { $0 }
    damaged = found.keys.sorted().map { found[$0]! }
    guard damaged.count <= limit else {
      throw DatasetError.tooManyDamaged(name: dataset.name, limit: limit, last: damaged.last!)
    }
    guard damaged.count < dataset.count else {
      throw DatasetError.noneReadable(name: dataset.name, split: dataset.split, className: nil)
    }
    let sound = (0..<dataset.count).filter { found[$0] == nil }
    numbers = found.isEmpty ? nil : sound
    self.dataset = found.isEmpty ? dataset : DatasetSubset(of: dataset, indices: sound, as: dataset.split)
  }

  /// The number of image `index` in the whole data set.
  public func number(of index: Int) -> Int { numbers?[index] ?? index }
}
