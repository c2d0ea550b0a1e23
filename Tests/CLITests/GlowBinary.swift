import Foundation
import Testing

/// What a run of `glow` left.
struct Outcome {
  let status: Int32
  let output: String
  let errors: String
}

/// The built program: GLOW_BINARY, else what `make build` made.
enum GlowBinary {
  /// The repository.
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  static let url: URL = {
    if let named = ProcessInfo.processInfo.environment["GLOW_BINARY"] { return URL(filePath: named) }
    let release = root.appending(path: ".build/release/glow")
    return FileManager.default.isExecutableFile(atPath: release.path)
      ? release : root.appending(path: ".build/debug/glow")
  }()

  static func process(_ arguments: [String], through shell: String? = nil, program: URL = url) -> Process {
    let process = Process()
    if let shell {
      process.executableURL = URL(filePath: "/bin/bash")
      process.arguments = ["-c", shell + " exec \"$@\"", "bash", program.path] + arguments
    } else {
      process.executableURL = program
      process.arguments = arguments
    }
    process.environment = ProcessInfo.processInfo.environment.merging(["OMP_NUM_THREADS": "1"]) { $1 }
    process.standardInput = FileHandle.nullDevice
    return process
  }

  /// Runs the program to its end; output goes through files, so that no pipe can fill up.
  /// - Parameters:
  ///   - shell: commands that bash runs before it becomes the program.
  ///   - limit: seconds after which the process is killed.
  ///   - program: instead of `glow`.
  static func run(
    _ arguments: [String], through shell: String? = nil, limit: Double = 120, program: URL = url
  ) throws -> Outcome {
    let folder = try TemporaryFolder()
    let process = process(arguments, through: shell, program: program)
    let (output, errors) = (folder.url.appending(path: "out"), folder.url.appending(path: "err"))
    for file in [output, errors] { try Data().write(to: file) }
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
    let identifier = process.processIdentifier
    let watchdog = DispatchWorkItem { kill(identifier, SIGKILL) }
    DispatchQueue.global().asyncAfter(deadline: .now() + limit, execute: watchdog)
    process.waitUntilExit()
    watchdog.cancel()
    return Outcome(
      status: process.terminationReason == .uncaughtSignal
        ? 128 + process.terminationStatus : process.terminationStatus,
      output: try String(contentsOf: output, encoding: .utf8), errors: try String(contentsOf: errors, encoding: .utf8))
  }
}

/// Runs `glow` and expects it to succeed; returns what it printed.
@discardableResult
func glow(_ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
  try glow(arguments, sourceLocation: sourceLocation)
}

@discardableResult
func glow(_ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
  let outcome = try GlowBinary.run(arguments)
  #expect(outcome.status == 0, "\(arguments): \(outcome.errors)", sourceLocation: sourceLocation)
  return outcome.output
}

/// Runs `glow` and expects one clear sentence on standard error with all of `words`, and a non-zero status.
func expectRefusal(
  _ arguments: [String], _ words: String..., through shell: String? = nil,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  try expectRefusal(arguments, saying: words, through: shell, sourceLocation: sourceLocation)
}

/// The same.
/// - Parameter folder: where it would have written: must be afterwards as it was before.
func expectRefusal(
  _ arguments: [String], saying words: [String], leaving folder: URL? = nil, through shell: String? = nil,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let before = try folder.map(contents)
  let outcome = try GlowBinary.run(arguments, through: shell)
  #expect(
    outcome.status != 0 && outcome.status < 128, "status \(outcome.status): \(arguments)",
    sourceLocation: sourceLocation)
  let lines = outcome.errors.split(separator: "\n").filter { !isHint($0) }
  #expect(
    lines.count == 1 && lines[0].hasPrefix("Error: "), "\(arguments): \(outcome.errors)", sourceLocation: sourceLocation
  )
  for word in words {
    #expect(
      lines.first?.contains(word) == true, "no \"\(word)\" in: \(outcome.errors)", sourceLocation: sourceLocation)
  }
  for trace in ["Fatal error", "Exception raised from", "frame #", "Stack dump", "Backtrac"] {
    #expect(!outcome.errors.contains(trace), "\(outcome.errors)", sourceLocation: sourceLocation)
  }
  if let folder {
    #expect(try contents(of: folder) == before, "\(arguments): \(outcome.errors)", sourceLocation: sourceLocation)
  }
}

/// Whether a line of standard error is progress, a note, or one of ArgumentParser's hints.
private func isHint(_ line: Substring) -> Bool {
  if ["Usage: ", "  See ", "Help: ", "Note: "].contains(where: line.hasPrefix) { return true }
  if ["error: step refused", "error: rolled back", "notice: "].contains(where: line.hasPrefix) { return true }
  return line.prefix(4).contains("%") || line.contains(" images: train ")
}

/// Every path below a folder, with the size of the files.
func contents(of folder: URL) throws -> [String: Int] {
  let paths = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
  return try Dictionary(
    uniqueKeysWithValues: paths.map { path in
      let attributes = try FileManager.default.attributesOfItem(atPath: folder.appending(path: path).path)
      let isFile = attributes[.type] as? FileAttributeType == .typeRegular
      return (path, isFile ? attributes[.size] as? Int ?? 0 : -1)
    })
}

struct Failure: Error { let text: String }

/// A folder that goes with the value.
final class TemporaryFolder: Sendable {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "glow-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func path(_ name: String) -> String { url.appending(path: name).path }
}
