import Files
import Foundation

/// What is wrong with the body of a form, in one sentence.
package struct MultipartError: Error, CustomStringConvertible, Equatable {
  package let description: String
}

/// The parts of a `multipart/form-data` body (RFC 7578), which is all there at once.
package struct MultipartForm {
  package struct Part: Equatable {
    package var name: String
    package var fileName: String?
    package var content: ArraySlice<UInt8>

    package init(name: String, fileName: String?, content: ArraySlice<UInt8>) {
      (self.name, self.fileName, self.content) = (name, fileName, content)
    }
  }

  package let parts: [Part]

  /// More are refused.
  package static let mostParts = 256
  private static let longestHeader = 8 << 10

  /// - Parameters:
  ///   - contentType: with the boundary.
  ///   - name: what errors call the body.
  /// - Throws: ``MultipartError`` for a body that is cut short or is none.
  package init(_ body: [UInt8], contentType: String, name: String = "the multipart body") throws {
    func damaged(_ problem: String) -> MultipartError { MultipartError(description: printable("\(name) \(problem)")) }
    guard let boundary = Self.parameter("boundary", of: contentType), (1...70).contains(boundary.utf8.count) else {
      throw damaged("has no boundary of 1 to 70 characters in its content type")
    }
    let delimiter = Array("\r\n--\(boundary)".utf8)
    // The first delimiter may stand at the very beginning.
    var position = delimiter.count - 2
    if !body.starts(with: delimiter.dropFirst(2)) {
      guard let start = Self.find(delimiter, in: body[...]) else { throw damaged("holds no part") }
      position = start + delimiter.count
    }
    var parts: [Part] = []
    while true {
      let rest = body[position...]
      if rest.starts(with: "--".utf8) { break }
      // White space may follow a delimiter.
      let line = rest.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
      guard line.starts(with: "\r\n".utf8) else { throw damaged("holds a delimiter with no line break behind it") }
      guard let end = Self.find(delimiter, in: body[line.startIndex...]) else {
        throw damaged("ends within a part")
      }
      guard parts.count < Self.mostParts else { throw damaged("has more than \(Self.mostParts) parts") }
      guard let part = Self.part(body[(line.startIndex + 2)..<max(line.startIndex + 2, end)]) else {
        throw damaged("holds a part whose content disposition has no name")
      }
      parts.append(part)
      position = end + delimiter.count
    }
    self.parts = parts
  }

  /// Nil for one without a name.
  private static func part(_ bytes: ArraySlice<UInt8>) -> Part? {
    let emptyLine = Array("\r\n\r\n".utf8)
    guard let end = find(emptyLine, in: bytes), end - bytes.startIndex <= longestHeader else { return nil }
    let header = Array("content-disposition:".utf8)
    guard let disposition = lines(of: bytes[..<end]).first(where: { lowercased($0.prefix(header.count)) == header }),
      let name = parameter("name", of: disposition)
    else { return nil }
    return Part(
      name: name, fileName: parameter("filename", of: disposition), content: bytes[(end + emptyLine.count)...])
  }

  private static func lines(of header: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
    var (lines, rest): ([ArraySlice<UInt8>], _) = ([], header)
    while let end = find(Array("\r\n".utf8), in: rest) {
      lines.append(rest[..<end])
      rest = rest[(end + 2)...]
    }
    return lines + [rest]
  }

  /// The value of a parameter of a header, such as `name` of `form-data; name="image"`.
  package static func parameter(_ name: String, of header: String) -> String? {
    parameter(name, of: Array(header.utf8)[...])
  }

  /// By bytes: a letter may be made of thousands of marks, and to tell such letters apart takes time by the square of
  /// their length.
  private static func parameter(_ name: String, of header: ArraySlice<UInt8>) -> String? {
    let (semicolon, equals) = (UInt8(ascii: ";"), UInt8(ascii: "="))
    let (quote, backslash) = (UInt8(ascii: "\""), UInt8(ascii: "\\"))
    var rest = header.drop { $0 != semicolon }
    while rest.first == semicolon {
      rest = rest.dropFirst()
      let key = rest.prefix { $0 != equals && $0 != semicolon }
      rest = rest.dropFirst(key.count)
      guard rest.first == equals else { continue }
      rest = rest.dropFirst()
      var value: [UInt8] = []
      if rest.first == quote {
        rest = rest.dropFirst()
        while let byte = rest.first, byte != quote {
          // Only these two are escaped: browsers write a path's backslashes as they are.
          let next = rest.dropFirst().first
          if byte == backslash, next == quote || next == backslash { rest = rest.dropFirst() }
          value.append(rest.first!)
          rest = rest.dropFirst()
        }
        rest = rest.drop { $0 != semicolon }
      } else {
        let plain = rest.prefix { $0 != semicolon }
        rest = rest.dropFirst(plain.count)
        value = Array(trimmed(plain))
      }
      if lowercased(trimmed(key)) == Array(name.utf8) { return String(decoding: value, as: UTF8.self) }
    }
    return nil
  }

  private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
    let start = bytes.drop(while: isBlank)
    return start.dropLast(start.reversed().prefix(while: isBlank).count)
  }

  /// With the letters of ASCII in small.
  private static func lowercased(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    bytes.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
  }

  /// Where `pattern`, which is not empty, first begins.
  private static func find(_ pattern: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
    bytes.withUnsafeBytes { buffer in
      var start = 0
      while buffer.count - start >= pattern.count,
        let found = memchr(buffer.baseAddress! + start, Int32(pattern[0]), buffer.count - start - pattern.count + 1)
      {
        let place = UnsafeRawPointer(found) - buffer.baseAddress!
        if memcmp(found, pattern, pattern.count) == 0 { return place + bytes.startIndex }
        start = place + 1
      }
      return nil
    }
  }
}
