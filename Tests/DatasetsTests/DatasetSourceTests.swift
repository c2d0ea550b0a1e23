import Foundation
import Testing

@testable import Datasets

@Suite struct DatasetSourceTests {
  @Test func everyFormParsesAndPrintsBack() throws {
    #expect(try DatasetSource(parsing: "fashion-mnist") == .fashionMNIST(directory: FashionMNIST.defaultDirectory))
    for text in ["fashion-mnist", "fashion-mnist:/a/b", "cifar10:/a:b", "idx:/a", "/photos/2020", "/photos/a:b"] {
      #expect(try DatasetSource(parsing: text).description == text)
    }
    let home = FileManager.default.homeDirectoryForCurrentUser.path
    #expect(try DatasetSource(parsing: "cifar10:~/x").description == "cifar10:\(home)/x")
  }

  /// A folder that is there wins over a word, but not one that Glow wrote a run or a model into.
  @Test func whatIsThereWinsOverAWord() throws {
    try withTemporaryFolder { folder in
      let pictures = folder.appending(path: "fashion-mnist")
      try FileManager.default.createDirectory(at: pictures, withIntermediateDirectories: true)
      #expect(
        try DatasetSource(naming: "fashion-mnist", from: folder) == DatasetSource(parsing: "fashion-mnist"), "empty")
      try Data().write(to: pictures.appending(path: "a.png"))
      let found = try DatasetSource(naming: "fashion-mnist", from: folder)
      #expect(found.isSame(as: .pictures(folder: pictures)))
      #expect(try DatasetSource(parsing: found.description).isSame(as: found), "it means the same everywhere")
      for name in ["config.json", "model.safetensors"] {
        try Data(#"{"format": "swift-glow"}"#.utf8).write(to: pictures.appending(path: name))
      }
      #expect(try DatasetSource(naming: "fashion-mnist", from: folder) == DatasetSource(parsing: "fashion-mnist"))
      #expect(try DatasetSource(naming: "idx:/a") == DatasetSource(parsing: "idx:/a"))
    }
  }

  @Test(arguments: ["", "cifar10", "cifar10:", "idx", "fashion-mnist:", "cifar100:/a"])
  func otherTextIsRefused(text: String) {
    #expect(throws: DatasetError.unknownSource(text: text)) { try DatasetSource(parsing: text) }
  }

  @Test func validationIsCutFromTrainingBySeed() throws {
    try withTemporaryFolder { folder in
      try writeIDX(to: folder, trainCount: 36, testCount: 5)
      let source = try DatasetSource(parsing: "idx:\(folder.path)")
      let train = try source.open(split: .train, seed: 7)
      let validation = try source.open(split: .validation, seed: 7)
      #expect((train.count, validation.count) == (33, 3))
      #expect((train.split, validation.split) == (.train, .validation))
      #expect(try (values(train) + values(validation)).sorted() == (0..<36).map { UInt8($0) })
      #expect(try source.open(split: .test, seed: 7).count == 5)

      let together = try source.openTraining(seed: 7)
      #expect(try values(together.train) == values(train))
      #expect(try values(together.validation) == values(validation))
      #expect(try values(source.open(split: .validation, seed: 8)) != values(validation))
      #expect(validation.label(at: 0) == Int(try values(validation)[0]) % 10)
    }
  }

  @Test func sizeAndChannelsCanBeGiven() throws {
    try withTemporaryFolder { folder in
      try writeIDX(to: folder, trainCount: 12, testCount: 2)
      let dataset = try DatasetSource.idx(directory: folder)
        .open(split: .test, size: (height: 4, width: 4), channels: 3, seed: 0)
      #expect(dataset.shape == ImageShape(height: 4, width: 4, channels: 3))
      #expect(try dataset.image(at: 1).pixels == [UInt8](repeating: 1, count: 48))
    }
  }

  @Test func tooFewImagesToCutFrom() {
    #expect(throws: DatasetError.tooFewImages(name: "counting", split: .validation, count: 3, needed: 4)) {
      try CountingDataset(count: 3).cuttingValidation(of: 3, seed: 0)
    }
  }

  @Test func prefixes() throws {
    let prefix = CountingDataset(count: 10).first(3)
    #expect(try values(prefix) == [0, 1, 2])
    #expect(prefix.label(at: 1) == 1)
    #expect(CountingDataset(count: 10).first(30).count == 10)
  }

  private func values(_ dataset: any ImageDataset) throws -> [UInt8] {
    try (0..<dataset.count).map { try dataset.image(at: $0).pixels[0] }
  }

  /// Images of 2x2 pixels whose every byte is their index, labeled by its last digit.
  private func writeIDX(to folder: URL, trainCount: Int, testCount: Int) throws {
    for (prefix, count) in [("train", trainCount), ("t10k", testCount)] {
      let values = (0..<count).map { UInt8($0) }
      let images = idx(sizes: [count, 2, 2], elements: values.flatMap { [UInt8](repeating: $0, count: 4) })
      try folder.write(gzip(images), to: "\(prefix)-images-idx3-ubyte.gz")
      try folder.write(idx(sizes: [count], elements: values.map { $0 % 10 }), to: "\(prefix)-labels-idx1-ubyte")
    }
  }
}
