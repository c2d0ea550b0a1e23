import Foundation
import Imaging
import Testing

/// Lends an empty folder to `body`, and removes it afterwards.
func withTemporaryFolder<R>(_ body: (URL) throws -> R) throws -> R {
  let folder = try TemporaryFolder()
  return try withExtendedLifetime(folder) { try body(folder.url) }
}

extension URL {
  /// Writes a file below this folder, making the folders in between.
  @discardableResult
  func write(_ bytes: some Sequence<UInt8>, to name: String) throws -> URL {
    let url = appending(path: name)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
    return url
  }

  /// Copies this folder or file to `name` below `folder`.
  func copied(to folder: URL, as name: String) throws -> URL {
    let copy = folder.appending(path: name)
    try FileManager.default.copyItem(at: self, to: copy)
    return copy
  }

  /// Changes a file's bytes.
  func rewrite(_ change: (Data) throws -> Data) throws { try change(Data(contentsOf: self)).write(to: self) }

  /// Changes the object in a JSON file.
  func rewriteJSON(_ change: (inout [String: Any]) -> Void) throws {
    try rewrite { data in
      var object = try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
      change(&object)
      return try JSONSerialization.data(withJSONObject: object)
    }
  }

  /// Changes the header and the data of a safetensors file.
  func rewriteTensors(_ change: (inout [String: [String: Any]], inout Data) -> Void) throws {
    try rewrite { file in
      let length = file.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
      var header = try JSONSerialization.jsonObject(with: file.dropFirst(8).prefix(length)) as? [String: [String: Any]]
      var data = Data(file.dropFirst(8 + length))
      change(&header!, &data)
      let json = try JSONSerialization.data(withJSONObject: header!)
      return withUnsafeBytes(of: UInt64(json.count).littleEndian) { Data($0) } + json + data
    }
  }

  func json() throws -> [String: Any] { try decodeJSON(String(decoding: Data(contentsOf: self), as: UTF8.self)) }

  var names: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }
}

func decodeJSON(_ text: String) throws -> [String: Any] {
  guard let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] else {
    throw Failure(text: "no JSON object: \(text)")
  }
  return object
}

/// A picture with a slope and some noise, another for each `number`.
func testPicture(_ number: Int, size: Int = 8, channels: Int = 1) -> PixelImage {
  var state = UInt64(number) &* 0x9E37_79B9_7F4A_7C15 | 1
  let pixels = (0..<size * size * channels).map { position in
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return UInt8(
      truncatingIfNeeded: position * 256 / (size * size * channels + 64) + number % 3 * 12 + Int(state >> 59))
  }
  return PixelImage(width: size, height: size, channels: channels, pixels: pixels)
}

/// Writes the four files of an IDX data set: gray pictures, image `i` labeled `i % labels`.
@discardableResult
func writeIDX(
  to folder: URL, train: Int = 60, test: Int = 20, size: Int = 8, labels: Int = 3
) throws -> URL {
  for (prefix, count) in [("train", train), ("t10k", test)] {
    let pixels = (0..<count).flatMap { testPicture($0 + (prefix == "train" ? 0 : train), size: size).pixels }
    try folder.write(idx([count, size, size], pixels), to: "\(prefix)-images-idx3-ubyte")
    try folder.write(idx([count], (0..<count).map { UInt8($0 % labels) }), to: "\(prefix)-labels-idx1-ubyte")
  }
  return folder
}

/// An IDX file of unsigned bytes.
func idx(_ sizes: [Int], _ elements: [UInt8]) -> [UInt8] {
  let header = sizes.flatMap { size in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: size >> $0) } }
  return [0, 0, 8, UInt8(sizes.count)] + header + elements
}

/// Writes pictures `0.png`, `1.png`, ..., or, with classes, `CLASS/0.png` and so on in turn.
@discardableResult
func writePictures(
  to folder: URL, count: Int = 40, channels: Int = 1, classes: [String] = [], size: (Int) -> Int = { _ in 8 }
) throws -> URL {
  for number in 0..<count {
    let name = classes.isEmpty ? "\(number).png" : "\(classes[number % classes.count])/\(number).png"
    try folder.write(testPicture(number, size: size(number), channels: channels).encodePNG(), to: name)
  }
  return folder
}

extension PixelImage {
  /// The picture in column `column` and row `row` of a grid of pictures of `size` with a padding of 2, and `right` pixels of
  /// texts left of it.
  func tile(column: Int, row: Int, size: Int, right: Int = 0) -> PixelImage {
    let (left, top) = (right + 2 + column * (size + 2), 2 + row * (size + 2))
    let pixels = (0..<size).flatMap { y in (0..<size).flatMap { x in Array(self[x: left + x, y: top + y]) } }
    return PixelImage(width: size, height: size, channels: channels, pixels: pixels)
  }
}

/// How many frames an animated PNG says that it has.
func frames(in file: URL) throws -> Int {
  let bytes = [UInt8](try Data(contentsOf: file))
  // The signature, IHDR and the head of acTL come first.
  #expect(String(decoding: bytes[37..<41], as: UTF8.self) == "acTL")
  return bytes[41..<45].reduce(0) { $0 << 8 | Int($1) }
}
