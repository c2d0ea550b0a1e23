import CImageCodecs
import Files
import Foundation
import Hummingbird

/// The page: files of the package, read and compressed once.
struct PageFiles: Sendable {
  struct File: Sendable {
    let type: String
    let plain: Content
    let compressed: Content
  }

  /// A file as it is sent.
  struct Content: Sendable {
    let bytes: ByteBuffer
    /// An entity tag, by which a browser tells whether it has these very bytes.
    let tag: String
    let isCompressed: Bool

    fileprivate init(_ bytes: [UInt8], isCompressed: Bool) {
      let checksums = [bytes.withUnsafeBytes(CRC32C.value(of:)), cic_crc32(0, bytes, bytes.count)]
      tag = "\"" + (checksums.map { String($0, radix: 16) } + ["\(bytes.count)"]).joined(separator: "-") + "\""
      (self.bytes, self.isCompressed) = (ByteBuffer(bytes: bytes), isCompressed)
    }
  }

  /// By path.
  let files: [String: File]

  private static let types = [
    "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
  ]

  /// - Throws: `MissingFiles`, where the program was moved without its page.
  init(of program: ProgramFiles = .current) throws {
    var files: [String: File] = [:]
    let folder = try program.resources("Page", of: "Studio")
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [] {
      guard let type = Self.types[URL(filePath: name).pathExtension],
        let data = try? Data(contentsOf: folder.appending(path: name))
      else { continue }
      let bytes = Array(data)
      files[name == "index.html" ? "/" : "/" + name] = File(
        type: type, plain: Content(bytes, isCompressed: false),
        compressed: Content(Self.compressed(bytes), isCompressed: true))
    }
    guard files["/"] != nil else { throw MissingFiles(name: "Page/index.html", places: [folder.path]) }
    self.files = files
  }

  /// As gzip.
  private static func compressed(_ bytes: [UInt8]) -> [UInt8] {
    var buffer = cic_buffer()
    defer { cic_buffer_free(&buffer) }
    var message = [CChar](repeating: 0, count: Int(CIC_MESSAGE_CAPACITY))
    let status = cic_gzip_deflate(bytes, bytes.count, &buffer, &message)
    precondition(status == CIC_OK, "there is no memory to compress the page")
    return Array(UnsafeBufferPointer(start: buffer.bytes, count: buffer.count))
  }
}

extension PageFiles.File {
  /// The file, or that the browser has it already.
  var handler: Endpoint.Handler {
    { request, _ in
      let content = AcceptedCodings(request.headers[values: .acceptEncoding]).takeGzip ? compressed : plain
      var headers: HTTPFields = [
        .contentType: type, .cacheControl: "no-cache", .eTag: content.tag, .vary: "Accept-Encoding",
      ]
      if Self.tags(request.headers[values: .ifNoneMatch], hold: content.tag) {
        headers[.contentType] = nil
        return Response(status: .notModified, headers: headers)
      }
      if content.isCompressed { headers[.contentEncoding] = "gzip" }
      return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: content.bytes))
    }
  }

  private static func tags(_ lines: [String], hold tag: String) -> Bool {
    lines.joined(separator: ",").split(separator: ",").contains { given in
      let given = given.trimmingCharacters(in: .whitespaces)
      return given == "*" || given == tag || given == "W/" + tag
    }
  }
}

/// Whether a client takes gzip, by its `Accept-Encoding` headers.
private struct AcceptedCodings {
  let takeGzip: Bool

  init(_ lines: [String]) {
    var qualities: [String: Double] = [:]
    for entry in lines.joined(separator: ",").lowercased().split(separator: ",") {
      let parts = entry.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces) }
      guard let name = parts.first else { continue }
      let quality = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) }
      qualities[name] = quality ?? 1
    }
    takeGzip = (qualities["gzip"] ?? qualities["*"] ?? 0) > 0
  }
}
