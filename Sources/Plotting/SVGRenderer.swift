import Files
import Foundation

/// Pictures of SVG documents, made by the program rsvg-convert (librsvg).
public enum SVGRenderer {
  /// The document as a PNG file.
  /// - Parameter zoom: pixels of the picture for one of the document.
  /// - Throws: ``PlottingError`` if rsvg-convert is not on the PATH or makes no picture.
  public static func png(_ svg: String, zoom: Double = 2) throws -> Data {
    guard let program = Files.program(named: "rsvg-convert") else {
      throw PlottingError(
        "a PNG needs the program rsvg-convert (Debian's package librsvg2-bin), which is not on the PATH: install it, or "
          + "name a file that ends in .svg")
    }
    let folder = FileManager.default.temporaryDirectory.appending(path: "svg-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let (document, picture, complaints) = (
      folder.appending(path: "in.svg"), folder.appending(path: "out.png"), folder.appending(path: "errors")
    )
    let process = Process()
    process.executableURL = program
    process.arguments = ["--zoom", "\(zoom)", "--output", picture.path, document.path]
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try Data(svg.utf8).write(to: document)
      try Data().write(to: complaints)
      process.standardError = try FileHandle(forWritingTo: complaints)
      try process.run()
    } catch { throw PlottingError("rsvg-convert cannot be run: \(error.localizedDescription)") }
    process.waitUntilExit()
    guard process.terminationStatus == 0, let png = try? Data(contentsOf: picture), !png.isEmpty else {
      let said = (try? String(contentsOf: complaints, encoding: .utf8))?.split(separator: "\n").first
      throw PlottingError(
        "rsvg-convert ended with status \(process.terminationStatus): \(said.map(String.init) ?? "it said nothing")")
    }
    return png
  }
}

/// Why a picture cannot be made, in a sentence.
public struct PlottingError: Error, CustomStringConvertible, Sendable {
  public let description: String

  init(_ description: String) { self.description = description }
}
