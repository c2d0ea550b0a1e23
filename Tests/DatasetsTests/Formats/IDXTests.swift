import Foundation
import Testing

@testable import Datasets

@Suite struct IDXTests {
  private let images = idx(sizes: [3, 2, 2], elements: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
  private let labels = idx(sizes: [3], elements: [0, 2, 1])

  @Test(arguments: [false, true]) func plainAndGzip(isPacked: Bool) throws {
    let dataset = try open(isPacked ? gzip(images) : images, isPacked ? gzip(labels) : labels)
    #expect(dataset.shape == ImageShape(height: 2, width: 2, channels: 1))
    #expect((0..<dataset.count).map { dataset.label(at: $0) } == [0, 2, 1])
    #expect(dataset.classNames == ["0", "1", "2"])
    #expect(try dataset.image(at: 1).pixels == [4, 5, 6, 7])
  }

  @Test func gzipMembersOnEndAreOneFile() throws {
    let dataset = try open(gzip(Array(images[..<18])) + gzip(Array(images[18...])), labels)
    #expect(try dataset.image(at: 2).pixels == [8, 9, 10, 11])
  }

  @Test func wrongMagicNumber() {
    expect(
      images: labels, labels: labels,
      "images: the magic number should be 2051 (unsigned bytes in 3 dimensions), found 2049.")
  }

  @Test func truncatedHeader() {
    expect(
      images: Array(images[..<10]), labels: labels,
      "images: the file ends inside its image height; expected 12 bytes, found 10.")
  }

  @Test func truncatedElements() {
    expect(
      images: images.dropLast(), labels: labels,
      "images: the file ends inside its elements; expected 28 bytes, found 27.")
  }

  @Test func bytesPastTheEnd() {
    expect(
      images: images + [0], labels: labels,
      "images: the length should be 28 bytes by its header, found 29.")
  }

  @Test func sizesThatOverflow() {
    let giant = idx(sizes: [1 << 30, 1 << 30, 1 << 30], elements: [1])
    expect(
      images: giant, labels: labels,
      "images: the file ends inside its elements; expected \(Int.max) bytes, found 17.")
  }

  @Test func sizeOfNought() {
    expect(
      images: idx(sizes: [3, 0, 2], elements: []), labels: labels,
      "images: the image height should be 1 to 1073741824, found 0.")
  }

  @Test func countsThatDiffer() {
    expect(
      images: images, labels: idx(sizes: [2], elements: [0, 1]),
      "labels: the label count should be 3, one for each image, found 2.")
  }

  @Test func labelWithoutAClass() {
    expect(
      images: images, labels: labels, classNames: ["a", "b"],
      "labels: the largest label should be at most 1, found 2.")
  }

  @Test func truncatedGzip() {
    expect(
      images: gzip(images).dropLast(9), labels: labels,
      "images: the gzip data cannot be unpacked (the gzip data ends early); fetch the file again.")
  }

  @Test func damagedGzip() {
    var packed = gzip(images)
    packed[20] ^= 1
    expect(
      images: packed, labels: labels,
      "images: the gzip data cannot be unpacked (incorrect data check); fetch the file again.")
  }

  @Test func missingFashionMNISTSaysHowToGetIt() throws {
    try withTemporaryFolder { folder in
      let error = #expect(throws: DatasetError.self) { try FashionMNIST.open(directory: folder, split: .train) }
      #expect(
        error?.description
          == "\(folder.path)/train-images-idx3-ubyte.gz: there is no such file; "
          + "get Fashion-MNIST with `apt install dataset-fashion-mnist` or `make data`.")
    }
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: FashionMNIST.defaultDirectory.path)))
  func theInstalledFashionMNIST() throws {
    let test = try FashionMNIST.open(split: .test)
    #expect(test.count == 10_000)
    #expect(test.shape == ImageShape(height: 28, width: 28, channels: 1))
    #expect(test.classNames[test.label(at: 0)!] == "ankle boot")
    let perClass = (0..<10).map { label in (0..<test.count).count { test.label(at: $0) == label } }
    #expect(perClass == Array(repeating: 1000, count: 10))
  }

  private func open(_ images: [UInt8], _ labels: [UInt8], classNames: [String]? = nil) throws -> IDXDataset {
    try withTemporaryFolder { folder in
      try IDXDataset(
        images: folder.write(images, to: "images"), labels: folder.write(labels, to: "labels"), split: .train,
        classNames: classNames)
    }
  }

  private func expect(
    images: [UInt8], labels: [UInt8], classNames: [String]? = nil, _ sentence: String,
    at location: SourceLocation = #_sourceLocation
  ) {
    let error = #expect(throws: DatasetError.self, sourceLocation: location) {
      _ = try open(images, labels, classNames: classNames)
    }
    let found = error?.description ?? "no error"
    #expect(found.hasSuffix("/" + sentence), "\(found)", sourceLocation: location)
  }
}
