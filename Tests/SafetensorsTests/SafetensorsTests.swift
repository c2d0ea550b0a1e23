import Foundation
import Safetensors
import Testing
import Torch

@Suite("Safetensors files")
struct SafetensorsTests {
  // MARK: Round trips

  @Test("every type comes back as it was written", arguments: SafetensorsType.allCases)
  func roundTrip(type: SafetensorsType) throws {
    try inFolder { folder in
      let url = folder.appending(path: "all.safetensors")
      let shapes: [(String, [Int])] = [
        ("matrix", [2, 3]), ("scalar", []), ("empty", [0]), ("flat", [3, 0, 2]), ("one", [1, 1, 1]), ("last", [5]),
      ]
      let contents = shapes.map { name, shape in
        (0..<shape.reduce(type.byteWidth, *)).map { UInt8(truncatingIfNeeded: $0 * 37 + name.utf8.count) }
      }
      let items = zip(shapes, contents).map { SafetensorsItem(name: $0.0, type: type, shape: $0.1, bytes: $1) }
      try SafetensorsWriter.write(items, metadata: [:], to: url)

      let file = try SafetensorsFile(contentsOf: url)
      #expect(file.names == shapes.map(\.0))
      #expect(file.metadata.isEmpty)
      for ((name, shape), bytes) in zip(shapes, contents) {
        let entry = try file.entry(name)
        #expect(entry.name == name)
        #expect(entry.type == type)
        #expect(entry.shape == shape)
        #expect(entry.elementCount == shape.reduce(1, *))
        #expect(try file.withBytes(of: name) { [UInt8]($0) } == bytes)
      }
    }
  }

  @Test("a file without tensors, with and without metadata")
  func noTensors() throws {
    try inFolder { folder in
      let url = folder.appending(path: "none.safetensors")
      for metadata in [[:], ["step": "12"]] {
        try SafetensorsWriter.write([], metadata: metadata, to: url)
        let file = try SafetensorsFile(contentsOf: url)
        #expect(file.entries.isEmpty)
        #expect(file.metadata == metadata)
      }
    }
  }

  @Test("names and metadata may hold any text")
  func text() throws {
    try inFolder { folder in
      let url = folder.appending(path: "gewichte äöü.safetensors")
      let texts = ["", "\"\\/", "\n\r\t\u{8}\u{c}\u{0}\u{1f}\u{7f}", "глоу 光 👩‍👩‍👧", "__metadata", "a.b.0.weight"]
      let items = texts.map { SafetensorsItem(name: $0, type: .uint8, shape: [1], bytes: [7]) }
      let metadata = Dictionary(uniqueKeysWithValues: texts.map { ($0, $0 + "!") })
      try SafetensorsWriter.write(items, metadata: metadata, to: url)
      let file = try SafetensorsFile(contentsOf: url)
      #expect(file.names == texts)
      #expect(file.metadata == metadata)
    }
  }

  @Test("equal arguments give equal bytes: sorted metadata, items as given, data at a multiple of 64")
  func writtenBytes() throws {
    try inFolder { folder in
      let url = folder.appending(path: "exact.safetensors")
      let items = [
        SafetensorsItem(name: "b", type: .float32, shape: [2], bytes: [1, 2, 3, 4, 5, 6, 7, 8]),
        SafetensorsItem(name: "a", type: .bool, shape: [], bytes: [1]),
      ]
      try SafetensorsWriter.write(items, metadata: ["z": "1", "A": "\"\n", "k": "ü"], to: url)
      var json = #"{"__metadata__":{"A":"\"\u000a","k":"ü","z":"1"},"#
      json += #""b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"#
      json += #""a":{"dtype":"BOOL","shape":[],"data_offsets":[8,9]}}"#
      json += String(repeating: " ", count: 64 - (8 + json.utf8.count) % 64)
      #expect((8 + json.utf8.count) % 64 == 0)
      let bytes = try Data(contentsOf: url)
      #expect(bytes == Data(Self.file(json, data: [1, 2, 3, 4, 5, 6, 7, 8, 1])))
    }
  }

  @Test("the header is padded to 64 bytes whatever its length")
  func alignment() throws {
    try inFolder { folder in
      let url = folder.appending(path: "aligned.safetensors")
      for length in [0, 1, 7, 10, 11, 12, 30, 63] {
        let name = String(repeating: "n", count: length)
        try SafetensorsWriter.write(
          [SafetensorsItem(name: name, type: .float64, shape: [0], bytes: [])], metadata: [:], to: url)
        let size = try #require(try url.resourceValues(forKeys: [.fileSizeKey]).fileSize)
        #expect(size % 64 == 0)
        #expect(size <= 8 + length + 53 + 63)
        #expect(try SafetensorsFile(contentsOf: url).names == [name])
      }
    }
  }

  // MARK: Files of other writers

  @Test("a file as the reference implementation writes it")
  func reference() throws {
    let json =
      #"{"__metadata__":{"format":"pt"},"bias":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"#
      + #""steps":{"dtype":"I64","shape":[],"data_offsets":[8,16]},"#
      + #""mask":{"dtype":"BOOL","shape":[1,3],"data_offsets":[16,19]}}       "#
    let data: [UInt8] = [0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0, 42, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1]
    let file = try opened(Self.file(json, data: data))
    #expect(file.names == ["bias", "steps", "mask"])
    #expect(file.metadata == ["format": "pt"])
    #expect(try file.entry("bias").type == .float32)
    #expect(
      try file.withBytes(of: "bias") { bytes in
        [0, 4].map { bytes.loadUnaligned(fromByteOffset: $0, as: Float.self) }
      } == [1, -2])
    #expect(try file.withBytes(of: "steps") { $0.loadUnaligned(as: Int64.self) } == 42)
    #expect(try file.entry("mask").shape == [1, 3])
    #expect(try file.withBytes(of: "mask") { [UInt8]($0) } == [1, 0, 1])
  }

  @Test("space, escapes, fields in any order and data in another order than the header")
  func freedomOfTheFormat() throws {
    let json =
      #"{ "late\u0041\ud83d\ude00\/" : {"# + "\n\"data_offsets\":[ 1 , 3 ],\t\"shape\" : [ 1 ] ,"
      + #" "dtype": "\u004616" },"# + "\r\n"
      + "\"none\":{\"dtype\":\"F64\",\"shape\":[7,0],\"data_offsets\":[1,1]},"
      + "\"early\":{\"dtype\":\"U8\",\"shape\":[1,1],\"data_offsets\":[0,1]},\"__metadata__\" : { } } \n\t\r"
    let file = try opened(Self.file(json, data: [9, 1, 2]))
    #expect(file.names == ["early", "none", "lateA😀/"])
    #expect(try file.entry("lateA😀/").type == .float16)
    #expect(try file.withBytes(of: "lateA😀/") { [UInt8]($0) } == [1, 2])
    #expect(try file.withBytes(of: "early") { [UInt8]($0) } == [9])
    #expect(try file.withBytes(of: "none") { $0.count } == 0)
  }

  @Test("data that is not aligned for its type is read")
  func misaligned() throws {
    let json = #"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#
    for padding in 0..<8 {
      let file = try opened(Self.file(json + String(repeating: " ", count: padding), data: [0, 0, 0x20, 0x41]))
      #expect(try file.withBytes(of: "x") { $0.loadUnaligned(as: Float.self) } == 10)
    }
  }

  // MARK: Malformed files

  /// A malformed file and what its error says.
  struct Malformed: Sendable, CustomTestStringConvertible {
    let what: String
    let bytes: [UInt8]
    var tensor: String?
    let says: [String]
    var testDescription: String { what }

    init(_ what: String, _ bytes: [UInt8], tensor: String? = nil, says: String...) {
      (self.what, self.bytes, self.tensor, self.says) = (what, bytes, tensor, says)
    }

    init(_ what: String, json: String, data: Int = 0, tensor: String? = nil, says: String...) {
      let bytes = SafetensorsTests.file(json, data: [UInt8](repeating: 1, count: data))
      (self.what, self.bytes, self.tensor, self.says) = (what, bytes, tensor, says)
    }

    /// The declaration of a tensor named `w`.
    init(_ what: String, w: String, data: Int = 4, says: String...) {
      let bytes = SafetensorsTests.file("{\"w\":\(w)}", data: [UInt8](repeating: 1, count: data))
      (self.what, self.bytes, self.tensor, self.says) = (what, bytes, "w", says)
    }
  }

  static let malformed: [Malformed] = framing + syntax + declarations + layouts

  static let framing = [
    Malformed("no bytes", [], says: "has 0 bytes", "takes 8"),
    Malformed("seven bytes", [2, 0, 0, 0, 0, 0, 0], says: "has 7 bytes", "takes 8"),
    Malformed("no header", [0, 0, 0, 0, 0, 0, 0, 0], says: "empty header"),
    Malformed("header longer than the file", [3, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x7D], says: "of 3 bytes", "only 2 bytes"),
    Malformed(
      "header too long", [1, 0xE1, 0xF5, 5, 0, 0, 0, 0, 0x7B, 0x7D], says: "of 100000001 bytes", "at most 100000000"),
    Malformed(
      "longest length", [UInt8](repeating: 255, count: 12), says: "of 18446744073709551615 bytes", "at most 100000000"),
  ]

  static let syntax = [
    Malformed("space first", json: " {}", says: "begins with the byte 0x20", "JSON object"),
    Malformed("array", json: "[]", says: "an array", "JSON object"),
    Malformed("null", json: "null", says: "null", "JSON object"),
    Malformed("a byte order mark", json: "\u{FEFF}{}", says: "0xef", "JSON object"),
    Malformed("end of header", json: "{", says: "at byte 1 is the end of the header", "a key"),
    Malformed("text behind", json: "{}{}", says: "at byte 2 is an object", "expected the end"),
    Malformed("zero padding", json: "{}\0", says: "at byte 2 is the byte 0x00", "expected the end"),
    Malformed("key is a number", json: "{1:2}", says: "at byte 1 is a number", "expected a key"),
    Malformed("comma last", json: #"{"__metadata__":{},}"#, says: "at byte 19", "expected a key"),
    Malformed("no colon", json: #"{"a" {}}"#, says: "at byte 5", "expected \":\""),
    Malformed("no value", json: #"{"a":}"#, says: "at byte 5", "expected a value"),
    Malformed("open string", json: #"{"a"#, says: "at byte 3 is the end", "rest of a string"),
    Malformed("line break in a string", json: "{\"a\n\":{}}", says: "0x0a", "rest of a string"),
    Malformed("unknown escape", json: #"{"\x":{}}"#, says: "\"x\"", "an escape"),
    Malformed("short escape", json: #"{"\u12"#, says: "at byte 6", "hexadecimal"),
    Malformed("half a pair", json: #"{"\ud83d":{}}"#, says: "pair of surrogates"),
    Malformed("a pair in reverse", json: #"{"\ude00\ud83d":{}}"#, says: "pair of surrogates"),
    Malformed("a false pair", json: #"{"\ud83d\u0041":{}}"#, says: "pair of surrogates"),
    Malformed("not UTF-8", file(bytes: [0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x7B, 0x7D, 0x7D]), says: "byte 1", "UTF-8"),
    Malformed("overlong UTF-8", file(bytes: [0x7B, 0x22, 0xC0, 0xAF, 0x22, 0x3A]), says: "byte 1", "UTF-8"),
    Malformed("metadata is an array", json: #"{"__metadata__":[]}"#, says: "an array", "object of strings"),
    Malformed("metadata is null", json: #"{"__metadata__":null}"#, says: "null", "object of strings"),
    Malformed("metadata value", json: #"{"__metadata__":{"k\n":1}}"#, says: #""k\u{a}""#, "a number", "a string"),
    Malformed("metadata key twice", json: #"{"__metadata__":{"k":"1","k":"1"}}"#, says: "\"k\" twice", "once"),
    Malformed("metadata twice", json: #"{"__metadata__":{},"__metadata__":{}}"#, says: "metadata twice", "once"),
    Malformed("deep nesting", json: String(repeating: #"{"a":"#, count: 1000), tensor: "a", says: "unknown field"),
  ]

  static let declarations = [
    Malformed("tensor is an array", w: "[]", says: "an array", "an object"),
    Malformed("tensor is null", w: "null", says: "null", "an object"),
    Malformed("no dtype", w: #"{"shape":[1],"data_offsets":[0,4]}"#, says: "no field \"dtype\""),
    Malformed("no shape", w: #"{"dtype":"F32","data_offsets":[0,4]}"#, says: "no field \"shape\""),
    Malformed("no offsets", w: #"{"dtype":"F32","shape":[1]}"#, says: "no field \"data_offsets\""),
    Malformed("dtype twice", w: #"{"dtype":"F32","dtype":"F32"}"#, says: "\"dtype\" twice", "once"),
    Malformed("shape twice", w: #"{"shape":[],"shape":[]}"#, says: "\"shape\" twice", "once"),
    Malformed("offsets twice", w: #"{"data_offsets":[],"data_offsets":[]}"#, says: "\"data_offsets\" twice", "once"),
    Malformed("unknown field", w: #"{"strides":[1]}"#, says: "unknown field \"strides\"", "expected dtype"),
    Malformed("dtype is a number", w: #"{"dtype":4}"#, says: "a number", "\"dtype\"", "a string"),
    Malformed("unknown dtype", w: #"{"dtype":"F128"}"#, says: "\"F128\"", "one of BOOL, U8", "U64"),
    Malformed("dtype in lower case", w: #"{"dtype":"f32"}"#, says: "\"f32\"", "one of"),
    Malformed("shape is a number", w: #"{"shape":4}"#, says: "a number", "\"shape\"", "array of whole numbers"),
    Malformed("shape of strings", w: #"{"shape":["4"]}"#, says: "a string", "\"shape\"", "array of whole numbers"),
    Malformed("shape of arrays", w: #"{"shape":[[4]]}"#, says: "an array", "\"shape\"", "array of whole numbers"),
    Malformed("negative dimension", w: #"{"shape":[-1]}"#, says: "\"-1\"", "\"shape\"", "whole numbers from 0"),
    Malformed("negative zero", w: #"{"shape":[-0]}"#, says: "\"-0\"", "whole numbers from 0"),
    Malformed("fraction", w: #"{"shape":[1.0]}"#, says: "\"1.0\"", "whole numbers from 0"),
    Malformed("exponent", w: #"{"shape":[1e2]}"#, says: "\"1e2\"", "whole numbers from 0"),
    Malformed("zero first", w: #"{"shape":[01]}"#, says: "\"01\"", "whole numbers from 0"),
    Malformed("boolean dimension", w: #"{"shape":[true]}"#, says: "a boolean", "whole numbers from 0"),
    Malformed("dimension of 64 bits", w: #"{"shape":[9223372036854775808]}"#, says: "9223372036854775808", "63 bits"),
    Malformed(
      "product of 64 bits", w: #"{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}"#,
      says: "[4294967296, 4294967296] of U8", "63 bits"),
    Malformed(
      "bytes of 64 bits", w: #"{"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,0]}"#,
      says: "[2305843009213693952] of F64", "63 bits"),
    Malformed(
      "strides of 64 bits", w: #"{"dtype":"U8","shape":[0,4294967296,4294967296],"data_offsets":[0,0]}"#,
      says: "[0, 4294967296, 4294967296] of U8", "63 bits"),
    Malformed(
      "one offset", w: #"{"dtype":"F32","shape":[1],"data_offsets":[4]}"#, says: "1 numbers", "data_offsets", "have 2"),
    Malformed(
      "three offsets", w: #"{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}"#, says: "3 numbers", "must have 2"),
    Malformed(
      "negative offset", w: #"{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}"#, says: "\"-4\"", "data_offsets"),
    Malformed(
      "begin behind end", w: #"{"dtype":"F32","shape":[1],"data_offsets":[4,0]}"#, says: "at byte 4", "at byte 0"),
    Malformed(
      "too few bytes", w: #"{"dtype":"F32","shape":[2],"data_offsets":[0,4]}"#, says: "is 4", "[2] of F32 needs 8"),
    Malformed(
      "too many bytes", w: #"{"dtype":"F16","shape":[],"data_offsets":[0,4]}"#, says: "is 4", "[] of F16 needs 2"),
    Malformed("no end of numbers", w: #"{"shape":[1"#, says: "is not valid JSON").withoutTensor,
    Malformed("numbers without comma", w: #"{"shape":[1 2]}"#, says: "is not valid JSON", "\"]\"").withoutTensor,
    Malformed("comma behind numbers", w: #"{"shape":[1,]}"#, says: "is not valid JSON", "whole number").withoutTensor,
  ]

  static let layouts = [
    Malformed(
      "out of the file", w: #"{"dtype":"F32","shape":[2],"data_offsets":[0,8]}"#,
      says: "ends at byte 8", "has 4 bytes"),
    Malformed(
      "far out of the file", w: #"{"dtype":"U8","shape":[],"data_offsets":[9223372036854775806,9223372036854775807]}"#,
      says: "ends at byte 9223372036854775807", "has 4 bytes"),
    Malformed("hole first", w: #"{"dtype":"U8","shape":[2],"data_offsets":[2,4]}"#, says: "at byte 2", "hole"),
    Malformed(
      "hole between", json: tensors(("a", 0, 1), ("w", 2, 4)), data: 4, tensor: "w",
      says: "at byte 2", "at byte 1", "hole"),
    Malformed(
      "overlap", json: tensors(("w", 1, 4), ("a", 0, 2)), data: 4, tensor: "w",
      says: "at byte 1", "overlaps tensor \"a\"", "at byte 2"),
    Malformed(
      "the same bytes", json: tensors(("a", 0, 4), ("w", 0, 4)), data: 4, tensor: "w", says: "overlaps tensor \"a\""),
    Malformed(
      "empty within another", json: tensors(("a", 0, 4), ("w", 2, 2)), data: 4, tensor: "w", says: "overlaps tensor"),
    Malformed(
      "empty out of the file", json: tensors(("a", 0, 4), ("w", 5, 5)), data: 4, tensor: "w", says: "ends at byte 5"),
    Malformed("twice", json: tensors(("w", 0, 2), ("w", 2, 4)), data: 4, tensor: "w", says: "declared twice", "once"),
    Malformed(
      "twice, equivalent", json: tensors(("\u{e9}", 0, 2), ("e\u{301}", 2, 4)), data: 4, tensor: "e\u{301}",
      says: "declared twice"),
    Malformed("twice by escape", json: tensors(("w", 0, 2), ("\\u0077", 2, 4)), data: 4, tensor: "w", says: "twice"),
    Malformed("bytes behind", json: tensors(("w", 0, 2)), data: 3, says: "has 3 bytes of data", "end at byte 2"),
    Malformed("bytes without tensors", json: "{}", data: 1, says: "has 1 bytes of data", "end at byte 0"),
  ]

  @Test("malformed files are refused with the file, the tensor and the reason", arguments: malformed)
  func refuses(malformed: Malformed) throws {
    try inFolder { folder in
      let url = folder.appending(path: "bad.safetensors")
      try put(malformed.bytes, at: url)
      let error = try #require(throws: SafetensorsError.self) { try SafetensorsFile(contentsOf: url) }
      let sentence = "\(error)"
      #expect(error.file == url.path)
      #expect(error.tensor == malformed.tensor)
      #expect(sentence.contains("\"\(url.path)\""))
      if let tensor = malformed.tensor { #expect(sentence.hasPrefix("Tensor \"\(tensor)\" of ")) }
      for part in malformed.says { #expect(sentence.contains(part)) }
      #expect(sentence.hasSuffix(".") && !sentence.contains("\n"))
      #expect(error.localizedDescription == sentence)
    }
  }

  @Test("names from the file are cut and escaped in errors")
  func quotesNames() throws {
    let name = "\u{202E}\u{1B}[31m" + String(repeating: "x", count: 5000)
    try inFolder { folder in
      let url = folder.appending(path: "long.safetensors")
      try SafetensorsWriter.write(
        [SafetensorsItem(name: "a", type: .uint8, shape: [1], bytes: [1])], metadata: [:], to: url)
      let file = try SafetensorsFile(contentsOf: url)
      let error = try #require(throws: SafetensorsError.self) { try file.entry(name) }
      #expect(error.description.hasPrefix(#"Tensor "\u{202e}\u{1b}[31mxxx"#))
      #expect(error.description.utf8.count < 500)
      #expect(error.description.hasSuffix("the file has \"a\"."))
    }
  }

  @Test("what is not a regular file is refused")
  func notAFile() throws {
    try inFolder { folder in
      let pipe = folder.appending(path: "pipe")
      #expect(mkfifo(pipe.path, 0o600) == 0)
      let cases: [(URL, String)] = [
        (folder.appending(path: "absent.safetensors"), "No such file"), (folder, "is a folder"),
        (pipe, "regular file"), (URL(string: "https://example.org/a.safetensors")!, "path of a file"),
      ]
      for (url, reason) in cases {
        let error = try #require(throws: SafetensorsError.self) { try SafetensorsFile(contentsOf: url) }
        #expect(error.description.contains(reason))
        #expect(error.description.contains(url.lastPathComponent))
      }
    }
  }

  @Test("a file that is cut after it was opened is an error, not a signal")
  func cutLater() throws {
    try inFolder { folder in
      let url = folder.appending(path: "cut.safetensors")
      let items = ["a", "b", "c"].map { name in
        SafetensorsItem(name: name, type: .uint8, shape: [9000], bytes: [UInt8](repeating: 3, count: 9000))
      }
      try SafetensorsWriter.write(items, metadata: [:], to: url)
      let file = try SafetensorsFile(contentsOf: url)
      #expect(truncate(url.path, 15000) == 0)
      #expect(try file.withBytes(of: "a") { $0.reduce(0) { $0 + Int($1) } } == 27000)
      for name in ["b", "c"] {
        let error = try #require(throws: SafetensorsError.self) { try file.withBytes(of: name) { $0[0] } }
        #expect(error.tensor == name)
        #expect(error.description.contains("was cut to 15000 bytes"))
      }
    }
  }

  // MARK: Mutations

  @Test("changed, cut and shifted bytes are an error or a consistent file")
  func mutations() throws {
    let json =
      #"{"__metadata__":{"k":"v\u00e4"},"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"#
      + #""e":{"dtype":"I64","shape":[0],"data_offsets":[8,8]},"ß":{"dtype":"U8","shape":[],"data_offsets":[8,9]}} "#
    let valid = Self.file(json, data: [1, 2, 3, 4, 5, 6, 7, 8, 9])
    var variants: [[UInt8]] = [valid]
    for index in valid.indices {
      let byte = valid[index]
      let values: [UInt8] = [
        byte ^ 1, byte ^ 0x80, 0, 0x20, 0x22, 0x2C, 0x2D, 0x30, 0x39, 0x5B, 0x5C, 0x65, 0x7D, 0xFF,
      ]
      for value in Set(values).sorted() where value != byte {
        var bytes = valid
        bytes[index] = value
        variants.append(bytes)
      }
      variants.append(Array(valid[..<index]))
      // A byte of the header left out or doubled, with a length that fits.
      if index >= 8, index < valid.count - 9 {
        var header = Array(valid[8..<(valid.count - 9)])
        header.remove(at: index - 8)
        variants.append(Self.file(bytes: header) + valid.suffix(9))
        header.insert(byte, at: index - 8)
        header.insert(byte, at: index - 8)
        variants.append(Self.file(bytes: header) + valid.suffix(9))
      }
    }

    var accepted = 0
    try inFolder { folder in
      let url = folder.appending(path: "mutant.safetensors")
      for bytes in variants {
        try put(bytes, at: url)
        defer { unlink(url.path) }
        let file: SafetensorsFile
        do {
          file = try SafetensorsFile(contentsOf: url)
        } catch let error as SafetensorsError {
          let sentence = error.description
          let isSentence = sentence.contains(url.path) && sentence.hasSuffix(".") && !sentence.contains("\n")
          if !isSentence { Issue.record("not a sentence: \(sentence)") }
          continue
        }
        try checkConsistent(file, bytes)
        accepted += 1
      }
    }
    // Those that touch data, names and space alone.
    #expect(accepted > 100 && accepted < variants.count / 3)
  }

  /// Checks that a file holds together, and that another parser of JSON agrees with it.
  private func checkConsistent(_ file: SafetensorsFile, _ bytes: [UInt8]) throws {
    let length = bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
    let data = bytes[(8 + length)...]
    #expect(file.names.count == file.entries.count)
    var joined: [UInt8] = []
    for name in file.names {
      let entry = try file.entry(name)
      #expect(entry.byteRange.count == entry.elementCount * entry.type.byteWidth)
      #expect(entry.elementCount == entry.shape.reduce(1, *))
      let content = try file.withBytes(of: name) { [UInt8]($0) }
      #expect(content.count == entry.byteRange.count)
      joined += content
    }
    #expect(joined == Array(data))

    let other = try #require(
      JSONSerialization.jsonObject(with: Data(bytes[8..<(8 + length)])) as? [String: [String: Any]])
    #expect(Set(other.keys).subtracting(["__metadata__"]) == Set(file.names))
    #expect((other["__metadata__"] ?? [:]) as? [String: String] == file.metadata)
    for (name, entry) in file.entries {
      #expect(other[name]?["dtype"] as? String == entry.type.rawValue)
      #expect(other[name]?["shape"] as? [Int] == entry.shape)
      #expect(other[name]?["data_offsets"] as? [Int] == [entry.byteRange.lowerBound, entry.byteRange.upperBound])
    }
  }

  // MARK: Writing

  @Test("a file is replaced whole, and may be written from itself")
  func replaces() throws {
    try inFolder { folder in
      let url = folder.appending(path: "self.safetensors")
      let bytes = (0..<10000).map { UInt8(truncatingIfNeeded: $0 / 7) }
      try SafetensorsWriter.write(
        [SafetensorsItem(name: "old", type: .uint8, shape: [10000], bytes: bytes)], metadata: [:], to: url)
      let old = try SafetensorsFile(contentsOf: url)
      let item = SafetensorsItem(name: "new", type: .int16, shape: [50, 100]) { body in
        try old.withBytes(of: "old", body)
      }
      try SafetensorsWriter.write([item], metadata: [:], to: url)
      #expect(try old.withBytes(of: "old") { [UInt8]($0) } == bytes)
      let new = try SafetensorsFile(contentsOf: url)
      #expect(new.names == ["new"])
      #expect(try new.withBytes(of: "new") { [UInt8]($0) } == bytes)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["self.safetensors"])
    }
  }

  @Test("bytes may come in pieces")
  func pieces() throws {
    try inFolder { folder in
      let url = folder.appending(path: "pieces.safetensors")
      let item = SafetensorsItem(name: "p", type: .uint8, shape: [6]) { body in
        for piece: [UInt8] in [[1, 2], [], [3], [4, 5, 6]] { try piece.withUnsafeBytes(body) }
      }
      let empty = SafetensorsItem(name: "empty", type: .uint8, shape: [0]) { _ in }
      try SafetensorsWriter.write([item, empty], metadata: [:], to: url)
      #expect(try SafetensorsFile(contentsOf: url).withBytes(of: "p") { [UInt8]($0) } == [1, 2, 3, 4, 5, 6])
    }
  }

  /// Thrown by an item.
  struct Interruption: Error {}

  @Test("a failure leaves what was there and nothing else")
  func failures() throws {
    func item(_ name: String, _ type: SafetensorsType, _ shape: [Int], _ count: Int) -> SafetensorsItem {
      SafetensorsItem(name: name, type: type, shape: shape, bytes: [UInt8](repeating: 0, count: count))
    }
    let good = item("good", .uint8, [3], 3)
    let stubborn = SafetensorsItem(name: "w", type: .uint8, shape: [2]) { body in
      try? [1, 2, 3].withUnsafeBytes(body)
      try? [UInt8](repeating: 0, count: 2).withUnsafeBytes(body)
    }
    let cases: [([SafetensorsItem], says: String)] = [
      ([good, item("w", .float32, [2], 7)], "was given 7 bytes, but shape [2] of F32 needs 8"),
      ([good, item("w", .float32, [2], 9)], "was given 9 bytes, but shape [2] of F32 needs 8"),
      ([good, stubborn], "was given 24 bytes, but shape [2] of U8 needs 2"),
      ([good, item("w", .uint8, [-1], 0)], "shape [-1], but no dimension may be negative"),
      ([good, item("w", .uint8, [-1, -1], 1)], "shape [-1, -1], but no dimension may be negative"),
      ([good, item("w", .uint16, [Int.max], 0)], "of U16, but its size in bytes must fit in 63 bits"),
      ([good, item("w", .uint8, [Int.max], 0)], "the size of all tensors must fit"),
      ([item("w", .uint8, [1], 1), item("w", .uint8, [1], 1)], "is given twice"),
      ([item("__metadata__", .uint8, [1], 1)], "keeps for metadata"),
    ]
    try inFolder { folder in
      let url = folder.appending(path: "kept.safetensors")
      try Data("before".utf8).write(to: url)
      for (items, says) in cases {
        let error = try #require(throws: SafetensorsError.self) {
          try SafetensorsWriter.write(items, metadata: [:], to: url)
        }
        #expect(error.tensor == items.last?.name)
        #expect(error.description.contains(says))
        #expect(error.description.contains(url.path))
      }
      #expect(throws: Interruption.self) {
        let item = SafetensorsItem(name: "w", type: .uint8, shape: [1]) { _ in throw Interruption() }
        try SafetensorsWriter.write([good, item], metadata: [:], to: url)
      }
      #expect(try Data(contentsOf: url) == Data("before".utf8))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["kept.safetensors"])
    }
  }

  @Test("a header that no reader would accept is not written")
  func headerTooLong() throws {
    try inFolder { folder in
      let url = folder.appending(path: "long.safetensors")
      let megabyte = String(repeating: "x", count: 1_000_000)
      let metadata = Dictionary(uniqueKeysWithValues: (0..<100).map { (String($0), megabyte) })
      let error = try #require(throws: SafetensorsError.self) {
        try SafetensorsWriter.write([], metadata: metadata, to: url)
      }
      #expect(error.description.contains("at most 100000000"))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }
  }

  @Test("a place that cannot be written is named")
  func unwritable() throws {
    try inFolder { folder in
      let locked = folder.appending(path: "locked")
      try FileManager.default.createDirectory(
        at: locked, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o555])
      let plain = folder.appending(path: "plain")
      try Data().write(to: plain)
      var cases: [(URL, String)] = [
        (folder.appending(path: "absent/w.safetensors"), "No such file or directory"),
        (plain.appending(path: "w.safetensors"), "Not a directory"),
        (locked, "a folder of that name"),
        (folder.appending(path: String(repeating: "w", count: 300)), "File name too long"),
        (URL(string: "https://example.org/w.safetensors")!, "path of a file"),
      ]
      // The superuser may write anywhere, except where the system has no files to make.
      if geteuid() != 0 { cases.append((locked.appending(path: "w.safetensors"), "Permission denied")) }
      #if os(Linux)
        cases.append((URL(fileURLWithPath: "/proc/w.safetensors"), "cannot be created"))
      #endif
      for (url, reason) in cases {
        let error = try #require(throws: SafetensorsError.self) {
          try SafetensorsWriter.write(
            [SafetensorsItem(name: "w", type: .uint8, shape: [1], bytes: [1])], metadata: [:], to: url)
        }
        #expect(error.description.contains(reason))
        #expect(error.description.contains(url.lastPathComponent))
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["locked", "plain"])
      #expect(try FileManager.default.contentsOfDirectory(atPath: locked.path).isEmpty)
    }
  }

  // MARK: Helpers

  /// A file with the length of its header, the header and data.
  static func file(_ json: String, data: [UInt8]) -> [UInt8] { file(bytes: Array(json.utf8)) + data }

  static func file(bytes header: [UInt8]) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) } + header
  }

  /// A header of tensors of bytes, each with its begin and end.
  static func tensors(_ tensors: (name: String, begin: Int, end: Int)...) -> String {
    let declarations = tensors.map { name, begin, end in
      #""\#(name)":{"dtype":"U8","shape":[\#(end - begin)],"data_offsets":[\#(begin),\#(end)]}"#
    }
    return "{" + declarations.joined(separator: ",") + "}"
  }

  private func inFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "safetensors-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
  }

  /// Makes a file of some bytes. Not by `Data`, which waits for the disk.
  private func put(_ bytes: [UInt8], at url: URL) throws {
    let file = try #require(fopen(url.path, "wx"))
    let count = fwrite(bytes, 1, bytes.count, file)
    #expect(fclose(file) == 0 && count == bytes.count)
  }

  /// Opens a file of some bytes, which is deleted at once: the mapping outlives its name.
  private func opened(_ bytes: [UInt8]) throws -> SafetensorsFile {
    var file: SafetensorsFile?
    try inFolder { folder in
      let url = folder.appending(path: "made.safetensors")
      try put(bytes, at: url)
      file = try SafetensorsFile(contentsOf: url)
    }
    return try #require(file)
  }
}

extension SafetensorsTests.Malformed {
  /// The same, where the error cannot name the tensor.
  fileprivate var withoutTensor: Self {
    var copy = self
    copy.tensor = nil
    return copy
  }
}
