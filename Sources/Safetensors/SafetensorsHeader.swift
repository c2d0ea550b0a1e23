/// What the JSON header of a safetensors file says, checked.
///
/// The parser knows no more of JSON than the format uses: an object of objects, strings and arrays of whole numbers. It
/// is its own because a general one keeps the last of two equal keys and rounds large numbers, both of which must be
/// errors here. Its depth is fixed, so no header can exhaust the stack.
struct SafetensorsHeader {
  /// The longest header that is read or written, in bytes: the limit of the format's reference implementation.
  static let longest = 100_000_000
  /// The key under which the header holds the metadata.
  static let metadataKey = "__metadata__"

  /// In the order of their data.
  let entries: [SafetensorsEntry]
  let metadata: [String: String]

  /// Reads a header.
  /// - Parameters:
  ///   - json: the bytes of the header, without its length.
  ///   - dataCount: the number of bytes that follow the header in the file.
  ///   - file: the path, for errors.
  init(json: [UInt8], dataCount: Int, file: String) throws {
    var parser = SafetensorsHeaderParser(bytes: json, file: file)
    try parser.parse()
    for entry in parser.entries where entry.byteRange.upperBound > dataCount {
      throw SafetensorsError(
        file: file, tensor: entry.name,
        "ends at byte \(entry.byteRange.upperBound) of the data, but the file has \(dataCount) bytes of data")
    }
    entries = parser.entries.enumerated()
      .sorted { left, right in
        let (a, b) = (left.element.byteRange, right.element.byteRange)
        return (a.lowerBound, a.upperBound, left.offset) < (b.lowerBound, b.upperBound, right.offset)
      }
      .map(\.element)
    metadata = parser.metadata

    var end = 0
    var previous: String?
    for entry in entries {
      let begin = entry.byteRange.lowerBound
      if begin < end {
        let other = previous.map { SafetensorsError.quote($0) } ?? "another"
        throw SafetensorsError(
          file: file, tensor: entry.name,
          "begins at byte \(begin) of the data, but overlaps tensor \(other), which ends at byte \(end)")
      }
      if begin > end {
        throw SafetensorsError(
          file: file, tensor: entry.name,
          "begins at byte \(begin) of the data, but the tensors before it end at byte \(end), which leaves a hole")
      }
      end = entry.byteRange.upperBound
      previous = entry.name
    }
    guard end == dataCount else {
      throw SafetensorsError(file: file, "has \(dataCount) bytes of data, but its tensors end at byte \(end)")
    }
  }
}
