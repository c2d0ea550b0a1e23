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
    let lines = String(decoding: bytes[bytes.startIndex..<end], as: UTF8.self).components(separatedBy: "\r\n")
    let header = "content-disposition:"
    guard let disposition = lines.first(where: { $0.lowercased().hasPrefix(header) }),
      let name = parameter("name", of: disposition)
    else { return nil }
    return Part(
      name: name, fileName: parameter("filename", of: disposition), content: bytes[(end + emptyLine.count)...])
  }

  /// The value of a parameter of a header, such as `name` of `form-data; name="image"`.
  static func parameter(_ name: String, of header: String) -> String? {
    var rest = header.drop { $0 != ";" }
    while rest.first == ";" {
      rest = rest.dropFirst().drop { $0 == " " || $0 == "\t" }
      let key = rest.prefix { $0 != "=" && $0 != ";" }
      rest = rest.dropFirst(key.count)
      guard rest.first == "=" else { continue }
      rest = rest.dropFirst()
      var value = ""
      if rest.first == "\"" {
        rest = rest.dropFirst()
        while let letter = rest.first, letter != "\"" {
          // Only these two are escaped: browsers write a path's backslashes as they are.
          let isEscape = letter == "\\" && (rest.dropFirst().first == "\"" || rest.dropFirst().first == "\\")
          if isEscape { rest = rest.dropFirst() }
          value.append(rest.first!)
          rest = rest.dropFirst()
        }
        rest = rest.drop { $0 != ";" }
      } else {
        value = String(rest.prefix { $0 != ";" })
        rest = rest.dropFirst(value.count)
        value = value.trimmingCharacters(in: .whitespaces)
      }
      if key.lowercased().trimmingCharacters(in: .whitespaces) == name { return value }
    }
    return nil
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
