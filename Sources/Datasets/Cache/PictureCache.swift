import Foundation
import Synchronization

/// Pictures that were decoded and fitted, of data sets whose pictures are larger than their images: in memory, and what does
/// not fit there on disk. A picture is taken from here as long as its file has the size and the time that it had.
///
/// Which pictures are kept is decided once: those that come first. Training takes them in another order each epoch, and
/// whoever made room for the newest would lose each before it is asked for again.
///
/// ```swift
/// let reading = PictureReading(cache: PictureCache(memory: 500_000_000))
/// let train = try DatasetSource(parsing: "photos").open(split: .train, size: (64, 64), seed: 0, reading: reading)
/// for _ in 0..<2 { for index in 0..<train.count { _ = try train.image(at: index) } }  // decoded once
/// ```
public final class PictureCache: Sendable {
  private let memory: Mutex<Int>
  private let disk = Mutex<Disk?>(nil)
  /// In bytes.
  public let memoryBudget: Int

  struct Disk {
    let folder: URL
    var bytesLeft: Int
  }

  /// - Parameter memory: bytes of pictures.
  public init(memory: Int) {
    precondition(memory >= 0, "a budget is 0 or more, got \(memory)")
    memoryBudget = memory
    self.memory = Mutex(memory)
  }

  /// From now on, pictures beyond the memory's are kept in a folder, which is made when the first is. Those that an earlier
  /// process left there are taken as well.
  /// - Parameter bytes: the most that the files may take.
  public func useDisk(_ folder: URL, bytes: Int) {
    precondition(bytes >= 0, "a budget is 0 or more, got \(bytes)")
    disk.withLock { disk in if disk == nil { disk = Disk(folder: folder, bytesLeft: bytes) } }
  }

  /// - Returns: whether there is room for so many bytes more, which are then taken.
  func takeMemory(_ bytes: Int) -> Bool {
    memory.withLock { left in
      guard left >= bytes else { return false }
      left -= bytes
      return true
    }
  }

  func giveMemory(_ bytes: Int) { memory.withLock { $0 += bytes } }

  /// Room on disk for up to so many records, once there is a disk; nil before.
  func takeDisk(records: Int, ofBytes size: Int) -> (folder: URL, records: Int)? {
    disk.withLock { disk in
      guard let known = disk else { return nil }
      let records = min(records, known.bytesLeft / size)
      disk!.bytesLeft -= records * size
      return (known.folder, records)
    }
  }
}

/// The part of a cache that one split has.
final class CachedPictures: Sendable {
  private struct Entry {
    let stamp: FileStamp
    let pixels: [UInt8]
  }

  private enum Disk {
    case unopened
    case open(PictureRecords)
    /// There is no room, or it cannot be written.
    case closed
  }

  private let cache: PictureCache
  private let name: String
  private let count: Int
  private let size: Int
  private let entries = Mutex<[Int: Entry]>([:])
  private let disk = Mutex(Disk.unopened)

  /// What an entry takes beside its pixels.
  private static let entryBytes = 96

  /// - Parameters:
  ///   - name: of the file on disk.
  ///   - count: of the split's images.
  ///   - size: bytes of an image.
  init(_ cache: PictureCache, name: String, count: Int, size: Int) {
    (self.cache, self.name, self.count, self.size) = (cache, name, count, size)
  }

  deinit { cache.giveMemory(entries.withLock { $0.count } * (size + Self.entryBytes)) }

  /// How many pictures are in memory.
  var countInMemory: Int { entries.withLock { $0.count } }

  /// - Parameters:
  ///   - stamp: of the picture's file now.
  ///   - mark: of the picture's name and of how it is read.
  /// - Returns: whether the picture was there.
  func copy(
    _ index: Int, _ stamp: FileStamp, _ mark: @autoclosure () -> UInt32, to buffer: UnsafeMutableBufferPointer<UInt8>
  ) -> Bool {
    if let entry = entries.withLock({ $0[index] }) {
      guard entry.stamp == stamp else { return false }
      _ = buffer.update(fromContentsOf: entry.pixels)
      return true
    }
    return records?.read(index, stamp, mark(), to: buffer) ?? false
  }

  /// - Parameter stamp: of the file before it was read.
  func keep(
    _ index: Int, _ stamp: FileStamp, _ mark: @autoclosure () -> UInt32, _ pixels: UnsafeBufferPointer<UInt8>
  ) {
    let isKept = entries.withLock { entries in
      guard entries[index] != nil || cache.takeMemory(size + Self.entryBytes) else { return false }
      entries[index] = Entry(stamp: stamp, pixels: Array(pixels))
      return true
    }
    guard !isKept, let records, !records.write(index, stamp, mark(), pixels) else { return }
    disk.withLock { $0 = .closed }
  }

  private var records: PictureRecords? {
    disk.withLock { disk in
      switch disk {
      case .open(let records): return records
      case .closed: return nil
      case .unopened:
        guard let room = cache.takeDisk(records: count, ofBytes: PictureRecords.recordBytes(ofPixels: size)) else {
          return nil
        }
        let records = room.records == 0 ? nil : PictureRecords(room.folder, name, count: room.records, size: size)
        disk = records.map { .open($0) } ?? .closed
        return records
      }
    }
  }
}
