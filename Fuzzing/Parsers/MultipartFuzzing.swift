import Multipart
import Foundation

/// The body of a `multipart/form-data` request.
struct MultipartFuzzing: FuzzedParser {
  static let name = "multipart"
  private let file: String

  init(folder: URL) { file = folder.appending(path: "form").path }

  func seeds() throws -> [[UInt8]] {
    let head = "Content-Disposition: form-data; name=\"images\"; filename=\"a \\\"b\\\".png\"\r\n"
    return [
      "--x--", "--x\r\n\(head)\r\n1\r\n--x--\r\n",
      "preamble\r\n--x  \r\n\(head)Content-Type: image/png\r\n\r\n\r\n--y\r\n--x\r\n\(head)\r\n\r\n--x--",
    ].map { Array($0.utf8) }
  }

  func parse(_ bytes: [UInt8]) throws {
    _ = try MultipartForm(bytes, contentType: "multipart/form-data; boundary=x", name: file)
  }
}
