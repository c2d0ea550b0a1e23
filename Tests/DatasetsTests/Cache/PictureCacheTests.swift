import Foundation
import Imaging
import Testing

@testable import Datasets

@Suite struct PictureCacheTests {
  private static let size = (height: 8, width: 8)
  private static let entryBytes = 8 * 8 * 3 + 96

  /// JPEGs of 64x48 pixels, each another gradient, for training alone.
  private func writePictures(_ count: Int, to folder: URL) throws {
    for number in 0..<count { try folder.write(Self.picture(number), to: "train/\(number).jpg") }
    for split in ["validation", "test"] { try folder.write(Self.picture(99), to: "\(split)/0.jpg") }
  }

  private static func picture(_ number: Int) throws -> [UInt8] {
    var pixels: [UInt8] = []
    for y in 0..<48 { for x in 0..<64 { pixels += [UInt8(x * 3), UInt8(y * 5), UInt8(number * 2)] } }
    return try PixelImage(width: 64, height: 48, channels: 3, pixels: pixels).encodeJPEG()
  }

  private func open(_ folder: URL, _ cache: PictureCache?) throws -> any ImageDataset {
    try DatasetSource(parsing: folder.path)
      .open(split: .train, size: Self.size, seed: 0, reading: PictureReading(cache: cache))
  }

  private func pixels(_ dataset: any ImageDataset) throws -> [[UInt8]] {
    try (0..<dataset.count).map { try dataset.image(at: $0).pixels }
  }

  /// Makes all training pictures unreadable, of the same size and time as they were.
  private func ruin(_ folder: URL) throws {
    let train = folder.appending(path: "train")
    for name in try FileManager.default.contentsOfDirectory(atPath: train.path) {
      let file = train.appending(path: name)
      var status = stat()
      #expect(stat(file.path, &status) == 0)
      try Data(repeating: 7, count: Int(status.st_size)).write(to: file)
      #expect(utimensat(AT_FDCWD, file.path, [status.st_atim, status.st_mtim], 0) == 0)
    }
  }

  @Test func picturesAreDecodedOnce() throws {
    try withTemporaryFolder { folder in
      try writePictures(5, to: folder)
      let dataset = try open(folder, PictureCache(memory: 100_000))
      let first = try pixels(dataset)
      #expect(try first == pixels(open(folder, nil)) && Set(first).count == 5)
      try ruin(folder)
      #expect(try pixels(dataset) == first)
      #expect(throws: ImagingError.self) { try open(folder, nil) }
    }
  }

  @Test func aFileThatHasChangedIsDecodedAnew() throws {
    try withTemporaryFolder { folder in
      try writePictures(3, to: folder)
      let dataset = try open(folder, PictureCache(memory: 100_000))
      let first = try pixels(dataset)
      try folder.write(Self.picture(9), to: "train/1.jpg")
      let second = try pixels(dataset)
      #expect(second[0] == first[0] && second[1] != first[1] && second[2] == first[2])
      #expect(try second == pixels(open(folder, nil)) && second == pixels(dataset))
      try FileManager.default.removeItem(at: folder.appending(path: "train/0.jpg"))
      #expect(throws: ImagingError.self) { try dataset.image(at: 0) }
    }
  }

  @Test func theBudgetIsKept() throws {
    let cache = PictureCache(memory: 2 * Self.entryBytes + 10)
    do {
      let (kept, other) = (part(of: cache), part(of: cache))
      for index in 0..<3 { kept.keep(index, try stamp(), 0, [UInt8](repeating: UInt8(index), count: 192)) }
      other.keep(0, try stamp(), 0, [UInt8](repeating: 9, count: 192))
      #expect((kept.countInMemory, other.countInMemory) == (2, 0))
      // One in the place of another.
      kept.keep(0, try stamp(), 0, [UInt8](repeating: 5, count: 192))
      #expect(try kept.pixels(0, stamp()) == [UInt8](repeating: 5, count: 192))
      #expect(try kept.pixels(1, stamp())?[0] == 1 && kept.pixels(2, stamp()) == nil)
    }
    let next = part(of: cache)
    for index in 0..<3 { next.keep(index, try stamp(), 0, [UInt8](repeating: 1, count: 192)) }
    #expect(next.countInMemory == 2)
  }

  private func part(of cache: PictureCache) -> CachedPictures {
    CachedPictures(cache, name: "train", count: 10, size: 192)
  }

  private func stamp() throws -> FileStamp { try #require(FileStamp(of: "/")) }

  @Test func whatMemoryDoesNotHoldIsOnDisk() throws {
    try withTemporaryFolder { folder in
      let (photos, kept) = (folder.appending(path: "photos"), folder.appending(path: "run/kept"))
      try writePictures(6, to: photos)
      func cache(memory: Int = Self.entryBytes) -> PictureCache {
        let cache = PictureCache(memory: memory)
        cache.useDisk(kept, bytes: 100_000)
        return cache
      }
      let first = try pixels(open(photos, cache()))
      #expect(try first == pixels(open(photos, nil)))
      let file = kept.appending(path: "train-8x8x3.pictures")
      #expect(try Data(contentsOf: file).count == 6 * (192 + 32))

      // A later process finds all but the one that was in memory.
      let later = try open(photos, cache(memory: 0))
      try ruin(photos)
      #expect(throws: ImagingError.self) { try later.image(at: 0) }
      #expect(try (1..<6).map { try later.image(at: $0).pixels } == Array(first[1...]))

      // What is damaged is not taken.
      var bytes = try Data(contentsOf: file)
      bytes[2 * (192 + 32) + 100] ^= 1
      try bytes.write(to: file)
      try writePictures(6, to: photos)
      let another = try open(photos, cache(memory: 0))
      #expect(try pixels(another) == first)
    }
  }

  @Test func theDiskHasABudgetToo() throws {
    try withTemporaryFolder { folder in
      let (photos, kept) = (folder.appending(path: "photos"), folder.appending(path: "kept"))
      try writePictures(6, to: photos)
      let cache = PictureCache(memory: 0)
      cache.useDisk(kept, bytes: 500)
      let dataset = try open(photos, cache)
      #expect(try pixels(dataset) == pixels(open(photos, nil)))
      #expect(try Data(contentsOf: kept.appending(path: "train-8x8x3.pictures")).count == 2 * (192 + 32))
      try ruin(photos)
      #expect(throws: Never.self) { try dataset.image(at: 1) }
      #expect(throws: ImagingError.self) { try dataset.image(at: 2) }
    }
  }

  @Test func aDiskThatCannotBeWrittenIsDoneWithout() throws {
    try withTemporaryFolder { folder in
      try writePictures(3, to: folder)
      let cache = PictureCache(memory: 0)
      cache.useDisk(URL(filePath: "/proc/kept"), bytes: 100_000)
      #expect(try pixels(open(folder, cache)) == pixels(open(folder, nil)))
    }
  }

  @Test(arguments: [0, 10 * 192, 1_000_000]) func manyThreadsReadAtOnce(memory: Int) throws {
    try withTemporaryFolder { folder in
      let photos = folder.appending(path: "photos")
      try writePictures(20, to: photos)
      let cache = PictureCache(memory: memory)
      cache.useDisk(folder.appending(path: "kept"), bytes: 10 * 300)
      let (dataset, expected) = (try open(photos, cache), try pixels(open(photos, nil)))
      DispatchQueue.concurrentPerform(iterations: 400) { number in
        let index = number * 7 % 20
        #expect((try? dataset.image(at: index))?.pixels == expected[index])
      }
    }
  }

  @Test func damagedFilesAreReportedEachTime() throws {
    try withTemporaryFolder { folder in
      try writePictures(3, to: folder)
      try folder.write(Array(Self.picture(1).dropLast(40)), to: "train/1.jpg")
      let dataset = try open(folder, PictureCache(memory: 100_000))
      for _ in 0..<2 {
        let error = #expect(throws: ImagingError.self) { try dataset.image(at: 1) }
        #expect(error?.description.contains("train/1.jpg") == true)
      }
    }
  }

  @Test func anArchiveIsKeptAsItsFolder() throws {
    try withTemporaryFolder { folder in
      let files = try (0..<5).map { (name: "\($0).jpg", bytes: try Self.picture($0)) }
      let zip = try folder.writeZip(files, to: "photos.zip")
      let cache = PictureCache(memory: 100_000)
      let dataset = try open(zip, cache)
      #expect(try pixels(dataset) == pixels(dataset) && pixels(dataset) == pixels(open(zip, nil)))
      #expect(!cache.takeMemory(100_000) && cache.takeMemory(100_000 - dataset.count * Self.entryBytes))
    }
  }

  @Test func picturesOfTheirOwnSizeAreNotKept() throws {
    try withTemporaryFolder { folder in
      for number in 0..<5 { try folder.writePicture("\(number).png", width: 8, height: 8, value: UInt8(number)) }
      let cache = PictureCache(memory: 100_000)
      _ = try pixels(open(folder, cache))
      #expect(cache.takeMemory(100_000))
    }
  }

  @Test func decodingsOfOneScaleAreNotTakenForThoseOfAnother() throws {
    try withTemporaryFolder { folder in
      let (photos, kept) = (folder.appending(path: "photos"), folder.appending(path: "kept"))
      let noise: [UInt8] = (0..<128 * 96 * 3).map { (place: Int) in UInt8(truncatingIfNeeded: place * place * 31 >> 3) }
      let picture = try PixelImage(width: 128, height: 96, channels: 3, pixels: noise).encodeJPEG()
      for number in 0..<3 { try photos.write(picture, to: "\(number).jpg") }
      func image(reduced: Bool, _ cache: PictureCache?) throws -> PixelImage {
        try DatasetSource(parsing: photos.path).open(
          split: .train, size: Self.size, seed: 0, reading: PictureReading(reducesJPEGs: reduced, cache: cache)
        ).image(at: 0)
      }
      func cache() -> PictureCache {
        let cache = PictureCache(memory: 0)
        cache.useDisk(kept, bytes: 100_000)
        return cache
      }
      let (reduced, whole) = (try image(reduced: true, nil), try image(reduced: false, nil))
      #expect(reduced != whole)
      for _ in 0..<2 {
        #expect(try image(reduced: true, cache()) == reduced)
        #expect(try image(reduced: false, cache()) == whole)
      }
    }
  }
}

extension CachedPictures {
  fileprivate func keep(_ index: Int, _ stamp: FileStamp, _ mark: UInt32, _ pixels: [UInt8]) {
    pixels.withUnsafeBufferPointer { keep(index, stamp, mark, $0) }
  }

  fileprivate func pixels(_ index: Int, _ stamp: FileStamp) -> [UInt8]? {
    var pixels = [UInt8](repeating: 0, count: 192)
    return pixels.withUnsafeMutableBufferPointer { copy(index, stamp, 0, to: $0) } ? pixels : nil
  }
}
