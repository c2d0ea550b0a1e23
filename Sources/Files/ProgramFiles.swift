import Foundation

/// What came with the program: its pages, layouts and models. They are found from the program's own file, whatever the
/// working folder, `PATH`, links and arguments are.
public struct ProgramFiles: Sendable {
  /// The program's file, behind all links.
  public let program: URL

  public init(program: URL) { self.program = program.resolvingSymlinksInPath() }

  /// Of this process.
  public static let current: ProgramFiles = {
    #if os(Linux)
      // The arguments tell where it is only where whoever started it says so.
      if let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") {
        return ProgramFiles(program: URL(filePath: path))
      }
    #endif
    return ProgramFiles(program: Bundle.main.executableURL ?? URL(filePath: CommandLine.arguments[0]))
  }()

  /// Where the build puts files (beside the program), and where an installation does (`share/glow` beside its `bin`).
  public var folders: [URL] {
    let beside = program.deletingLastPathComponent()
    return [beside, beside.deletingLastPathComponent().appending(path: "share/glow")]
  }

  /// A folder of resources of one of this package's modules.
  ///
  /// `Bundle.module` would end the process where the program was moved without them, and names the folder of the build.
  /// - Throws: ``MissingFiles``.
  package func resources(_ name: String, of module: String) throws -> URL {
    let places = folders.map { $0.appending(path: "swift-glow_\(module).resources/\(name)") }
    guard let found = places.first(where: { FileManager.default.fileExists(atPath: $0.path) }) else {
      throw MissingFiles(name: name, places: places.map(\.path))
    }
    return found
  }
}

/// Files that come with the program are not there.
public struct MissingFiles: Error, CustomStringConvertible {
  let name: String
  let places: [String]

  package init(name: String, places: [String]) { (self.name, self.places) = (name, places) }

  public var description: String {
    "the folder \(name) that comes with the program is missing: it is neither \(places.joined(separator: " nor ")); "
      + "install the program again, or move it with all that lies beside it"
  }
}
