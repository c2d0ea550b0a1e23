import CLMDB
import Foundation
import Imaging
import Testing

@testable import Datasets

@Suite struct LSUNTests {
  /// Writes an LMDB database of named values into a folder.
  private func writeLMDB(_ values: [(key: String, bytes: [UInt8])], to folder: URL) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    var environment: OpaquePointer?
    var transaction: OpaquePointer?
    var database: MDB_dbi = 0
    #expect(mdb_env_create(&environment) == 0)
    #expect(mdb_env_set_mapsize(environment, 1 << 24) == 0)
    #expect(mdb_env_open(environment, folder.path, 0, 0o644) == 0)
    #expect(mdb_txn_begin(environment, nil, 0, &transaction) == 0)
    #expect(mdb_dbi_open(transaction, nil, 0, &database) == 0)
    for (key, bytes) in values {
      var (key, bytes) = (Array(key.utf8), bytes)
      key.withUnsafeMutableBytes { key in
        bytes.withUnsafeMutableBytes { bytes in
          var (k, v) = (
            MDB_val(mv_size: key.count, mv_data: key.baseAddress),
            MDB_val(mv_size: bytes.count, mv_data: bytes.baseAddress)
          )
          #expect(mdb_put(transaction, database, &k, &v, 0) == 0)
        }
      }
    }
    #expect(mdb_txn_commit(transaction) == 0)
    mdb_env_close(environment)
  }

  private func png(_ width: Int, _ height: Int, value: (_ x: Int, _ y: Int) -> UInt8) throws -> [UInt8] {
    var pixels: [UInt8] = []
    for y in 0..<height { for x in 0..<width { pixels += [value(x, y), 7, 9] } }
    return try PixelImage(width: width, height: height, channels: 3, pixels: pixels).encodePNG()
  }

  /// 200 pictures of 4x4 for training, whose red is their number in the order of the keys; 3 for testing.
  private func writeTower(to folder: URL) throws {
    let values = try (0..<200).map { i in
      (String(format: "%08x", i * 7919), try png(4, 4) { _, _ in UInt8(i) })
    }
    try writeLMDB(values.shuffled(), to: folder.appendingPathComponent("tower_train_lmdb"))
    try writeLMDB(Array(values[..<3]), to: folder.appendingPathComponent("tower_val_lmdb"))
  }

  @Test func recordsAreReadByNumberInTheOrderOfTheKeys() throws {
    try withTemporaryFolder { folder in
      try writeTower(to: folder)
      let source = try DatasetSource(parsing: "lsun-tower:\(folder.path)")
      let train = try LSUN(.tower, directory: folder, split: .train, size: (4, 4))
      #expect((train.count, train.name) == (200, "lsun-tower"))
      for i in [199, 0, 64, 63, 65, 128, 100] { #expect(try train.image(at: i)[x: 1, y: 2] == [UInt8(i), 7, 9]) }
      let test = try source.open(split: .test, size: (2, 2), channels: 1, seed: 0)
      #expect((test.count, test.shape) == (3, ImageShape(height: 2, width: 2, channels: 1)))
      #expect(try source.open(split: .test, seed: 0).shape == ImageShape(height: 64, width: 64, channels: 3))
      #expect(try source.open(split: .validation, size: (4, 4), seed: 0).count == 16)
      let problems = try DatasetCheck(of: source, workers: 2).problems
      #expect(problems.count == 2 && problems.allSatisfy { $0.contains("images, expected") }, "\(problems)")
    }
  }

  @Test func manyThreadsReadAtOnce() throws {
    try withTemporaryFolder { folder in
      try writeTower(to: folder)
      let train = try LSUN(.tower, directory: folder, split: .train, size: (4, 4))
      let stream = BatchStream(dataset: train, batchSize: 50, seed: 0, noise: false, prefetch: 8, workers: 4)
      let batches = try (0..<4).map { _ in try stream.next() }
      for batch in batches {
        for (i, index) in batch.indices.enumerated() { #expect(Int(batch.pixels[48 * i]) == index) }
      }
      #expect(batches.flatMap(\.indices).sorted() == Array(0..<200))
    }
  }

  /// A picture 16 wide and 8 high, red 10 times the column and green 7; its shorter side scaled to 4, it is 8x4.
  private func writeChurch(to folder: URL) throws {
    for split in ["train", "val"] {
      try writeLMDB(
        [("a", try png(16, 8) { x, _ in UInt8(10 * x) })],
        to: folder.appendingPathComponent("church_outdoor_\(split)_lmdb"))
    }
  }

  @Test func cropsAreRandomInTrainingAndCenteredElsewhere() throws {
    try withTemporaryFolder { folder in
      try writeChurch(to: folder)
      let source = try DatasetSource(parsing: "lsun-church,crop=4:\(folder.path)")
      #expect(source.description == "lsun-church,crop=4:\(folder.path)")
      let test = try source.open(split: .test, size: (2, 2), seed: 0)
      // Columns 5, 25, 45, ... after scaling; the middle 2 of 8 are columns 3 and 4.
      #expect(try test.image(at: 0).pixels == [65, 7, 9, 85, 7, 9, 65, 7, 9, 85, 7, 9])

      let train = try LSUN(.church, directory: folder, split: .train, crop: 4, size: (2, 2))
      func firsts(_ seed: UInt64, from start: Int = 0) throws -> [UInt8] {
        let stream = BatchStream(dataset: train, batchSize: 1, seed: seed, startingAt: start, noise: false)
        return try (start..<100).map { _ in try stream.next().pixels[0] }
      }
      let seen = try firsts(1)
      #expect(Set(seen) == [5, 25, 45, 65, 85, 105, 125])
      #expect(try firsts(1, from: 40) == Array(seen[40...]))
      #expect(try firsts(2) != seen)
      let evaluation = EvaluationBatches(dataset: train, batchSize: 1, seed: 1)
      #expect(try evaluation.batch(at: 0, draw: 3).pixels[0] == 65)
    }
  }

  @Test func withoutCropTheMiddleIsScaledDown() throws {
    try withTemporaryFolder { folder in
      try writeChurch(to: folder)
      let test = try LSUN(.church, directory: folder, split: .test, size: (2, 2))
      // The middle 8 of 16 columns, 4 to 11: means of 4 to 7 and of 8 to 11.
      #expect(try test.image(at: 0).pixels[..<6] == [55, 7, 9, 95, 7, 9])
    }
  }

  @Test func cropsThatCannotBe() throws {
    try withTemporaryFolder { folder in
      try writeChurch(to: folder)
      let error = #expect(throws: DatasetError.self) {
        try LSUN(.church, directory: folder, split: .test, crop: 9, size: (2, 2)).image(at: 0)
      }
      let file = folder.appendingPathComponent("church_outdoor_val_lmdb/data.mdb").path
      #expect(
        error?.description
          == "\(file), record a: the picture is 16x8 pixels (width x height), too small for a crop of 9x9.")
      let option = #expect(throws: DatasetError.self) {
        try LSUN(.church, directory: folder, split: .test, crop: 3, size: (4, 4))
      }
      #expect(option?.description.contains("crop=3\" cannot be; expected at least the size of the images, 4x4") == true)
    }
  }

  @Test func webPAndDamagedRecords() throws {
    try withTemporaryFolder { folder in
      // The lossless 2x1 WebP picture with pixels (200, 100, 50, 255) and (10, 20, 30, 0).
      let webp = Data(base64Encoded: "UklGRiIAAABXRUJQVlA4TBUAAAAvAQAAEA9wCqgr+J7CY/6DFhnR/wAA")!
      try writeLMDB(
        [("0", Array(webp)), ("1", Array(webp.dropLast(9))), ("2", Array("<html>".utf8)), ("3", [])],
        to: folder.appendingPathComponent("bedroom_val_lmdb"))
      let test = try LSUN(.bedroom, directory: folder, split: .test, size: (1, 2))
      #expect(try test.image(at: 0).pixels == [200, 100, 50, 255, 255, 255])
      let problems = try DatasetCheck(of: .lsun(.bedroom, directory: folder)).problems
      let file = folder.appendingPathComponent("bedroom_val_lmdb/data.mdb").path
      #expect(problems.count == 5, "\(problems)")
      #expect(problems[0].contains("bedroom_train_lmdb/data.mdb: there is no such file; unpack bedroom_train_lmdb.zip"))
      #expect(problems[1].hasPrefix("\(file), record 1: the WebP data is cut short"))
      #expect(problems[2].hasPrefix("\(file), record 2: not a picture"))
      #expect(problems[3].hasPrefix("\(file), record 3: the file is empty"))
    }
  }

  @Test func damagedDatabases() throws {
    try withTemporaryFolder { folder in
      try writeTower(to: folder)
      let url = folder.appendingPathComponent("tower_train_lmdb/data.mdb")
      let whole = try [UInt8](Data(contentsOf: url))
      func error(with bytes: [UInt8]) throws -> String? {
        try Data(bytes).write(to: url)
        let error = #expect(throws: DatasetError.self) {
          try LSUN(.tower, directory: folder, split: .train, size: (4, 4))
        }
        return error?.description
      }
      #expect(try error(with: Array(whole.dropLast(4096)))?.contains("the file ends inside its pages") == true)
      #expect(try error(with: Array(whole[..<100]))?.hasPrefix("\(url.path): the LMDB database cannot be read") == true)
      #expect(try error(with: Array("no database".utf8))?.contains("the LMDB database cannot be read") == true)
      #expect(try error(with: [])?.hasPrefix(url.path) == true)
      var magic = whole
      for page in [0, 4096] { for k in 0..<64 { magic[page + k] = 0xAA } }
      #expect(try error(with: magic)?.contains("the LMDB database cannot be read") == true)
    }
  }
  /// liblmdb itself would end the process.
  @Test func changedPagesAreErrorsOrOtherPictures() throws {
    try withTemporaryFolder { folder in
      try writeTower(to: folder)
      let url = folder.appendingPathComponent("tower_val_lmdb/data.mdb")
      let whole = try [UInt8](Data(contentsOf: url))
      for position in whole.indices where whole[position] != 0 {
        for byte in [0, whole[position] ^ 0x40, 0xFF] {
          var bytes = whole
          bytes[position] = byte
          try Data(bytes).write(to: url)
          do {
            let pictures = try LMDBPictures(url.deletingLastPathComponent(), adviceIfMissing: "")
            for index in 0..<pictures.count { _ = try pictures.picture(at: index) }
          } catch {
            #expect(error is DatasetError || error is ImagingError)
            #expect("\(error)".hasPrefix(url.path), "\(error)")
          }
        }
      }
    }
  }

  /// Pictures on pages of their own, in a tree of several levels.
  @Test func manyLargeRecords() throws {
    try withTemporaryFolder { folder in
      let folder = folder.appendingPathComponent("tower_val_lmdb")
      let large = try png(180, 120) { x, y in UInt8(truncatingIfNeeded: x * x + 7 * y * y) }
      #expect(large.count > 4096)
      let key = String(repeating: "k", count: 400)
      try writeLMDB(
        (0..<300).map { i in (key + String(format: "%04d", i), large + [UInt8(i / 2)]) }.shuffled(), to: folder)
      let pictures = try LMDBPictures(folder, adviceIfMissing: "")
      #expect(pictures.count == 300)
      for i in [0, 7, 150, 299] {
        let (picture, name) = try pictures.picture(at: i)
        #expect(picture.width == 180 && name.hasSuffix(String(format: "k%04d", i)))
      }
    }
  }
}
