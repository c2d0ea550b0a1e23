import Foundation
import Hummingbird

/// The page: files of the package, read once.
struct PageFiles: Sendable {
  struct File: Sendable {
    let type: String
    let content: ByteBuffer
  }

  /// By path.
  let files: [String: File]

  private static let types = [
    "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
  ]

  init() {
    var files: [String: File] = [:]
    let folder = Bundle.module.bundleURL.appending(path: "Page")
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [] {
      guard let type = Self.types[URL(filePath: name).pathExtension],
        let data = try? Data(contentsOf: folder.appending(path: name))
      else { continue }
      files[name == "index.html" ? "/" : "/" + name] = File(type: type, content: ByteBuffer(data: data))
    }
    precondition(files["/"] != nil, "the package's page is missing from \(folder.path)")
    self.files = files
  }
}
