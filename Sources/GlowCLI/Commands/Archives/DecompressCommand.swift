import ArgumentParser
import Codec
import Files
import FlowModels
import Foundation
import Imaging
import Torch

struct DecompressCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decompress", abstract: "Give back the pictures of an archive from glow compress, pixel for pixel.",
    discussion: """
      Pictures are written as PNG files under their names. The model is looked for by its SHA-256: in the archive, among the shipped \
      ones, and where it was when the archive was written; --model names another place.

      Exit status: 1 where something is damaged, 2 for another model or a machine that computes otherwise.

      Examples:
        glow decompress holiday-pictures.glz
        glow decompress clothes.glz --only 0...9 -o first-ten
      """)

  @Argument(help: "NAME.glz.", completion: .file(extensions: ["glz"])) var archive: String
  @Option(
    name: .shortAndLong, help: "The folder to write; by default NAME.", completion: .directory)
  var out: String?
  @Option(
    help: "A run folder, a model folder, or the name of a shipped model; by default it is looked for.",
    completion: Completions.model)
  var model: String?
  @Option(
    help: ArgumentHelp(
      "A picture by its name or number, or numbers as 0...9; repeat for several. By default all.", valueName: "which"))
  var only: [String] = []
  @Flag(name: [.customShort("c"), .customLong("stdout")], help: "Write one picture to standard output, as a PNG.")
  var toStandardOutput = false
  @Flag(name: [.customShort("t"), .customLong("test")], help: "Decode all and write nothing.") var test = false
  @Flag(name: [.customShort("l"), .customLong("list")], help: "Say what is in the archive, without its model.")
  var list = false
  @Flag(help: "With --list, one JSON object.") var json = false
  @Flag(help: "Leave out what is damaged, and give back the rest.") var keepGoing = false
  @Option(
    name: [.customShort("T"), .customLong("threads")],
    help: "Threads that decode; by default as many as the machine has cores.")
  var threads: Int?
  @Flag(name: [.customShort("k"), .customLong("keep")], help: "Keep the archive (as without it).") var keep = false
  @Flag(name: .customLong("rm"), help: "Remove the archive when all is written.") var remove = false
  @Flag(name: [.customShort("f"), .customLong("force")], help: "Replace files that are there.") var force = false
  @OptionGroup var talk: QuietOption

  func validate() throws {
    guard [test, list, toStandardOutput].count(where: \.self) <= 1 else {
      throw ValidationError("--test, --list and --stdout: give one of them")
    }
    guard list || !json else { throw ValidationError("--json goes with --list") }
    guard !remove || !(test || list || toStandardOutput || keep || !only.isEmpty) else {
      throw ValidationError("--rm removes the archive when all of it is written: leave the other flag out")
    }
    if let threads, !(1...256).contains(threads) { throw ValidationError("--threads is \(threads), expected 1 to 256") }
  }

  func run() throws {
    let reader = try CodecFailure.reporting(CodecFailure.damaged) { try ArchiveReader(URL(filePath: archive)) }
    var isDamaged = false
    if let problem = reader.problem {
      guard keepGoing || list else {
        return try CodecFailure.reporting(CodecFailure.damaged) {
          throw CodecError("\(problem); --keep-going gives back what is whole")
        }
      }
      warn("\(problem)")
      isDamaged = true
    }
    let names = (try? reader.names()) ?? []
    if names.isEmpty, reader.hasNames { warn("the names are damaged: pictures are numbered") }
    if list { return try ArchiveListing(reader, names: names).say(asJSON: json, archive) }
    let wanted = try numbers(names, of: reader.pictureCount)
    try CodecFailure.reporting(CodecFailure.otherModel) {
      try Runtime.checkVersion()
      let code = try FlowCode(CodecModel(model, of: reader).model.blueprint())
      try reader.use(code, threads: threads ?? ProcessInfo.processInfo.activeProcessorCount)
    }
    let output = try PictureOutput(
      test ? nil : toStandardOutput ? .standardOutput : .folder(folder), names, wanted, replacing: force)
    try unpack(reader, wanted, output, &isDamaged)
    if remove, !isDamaged { try FileManager.default.removeItem(atPath: archive) }
    if !toStandardOutput {
      tell("\(counted(output.count, "picture")) \(test ? "as they were written" : "in \(folder)"): \(archive)")
    }
    if isDamaged { throw CodecFailure.damaged }
  }

  private var folder: String {
    out ?? (archive.hasSuffix(".glz") ? String(archive.dropLast(4)) : archive + ".pictures")
  }

  private func unpack(_ reader: ArchiveReader, _ wanted: [Int], _ output: PictureOutput, _ isDamaged: inout Bool) throws
  {
    guard let first = wanted.first, let last = wanted.last else { return }
    let (bar, chosen, rate) = (ProgressBar(), Set(wanted), ArchiveProgress())
    var bytes = 0
    defer { bar.clear() }
    var damage = false
    try CodecFailure.reporting(CodecFailure.damaged) {
      let onDamage: ((ArchiveReader.BlockProblem) -> Void)? =
        keepGoing
        ? { problem in
          damage = true
          bar.print("Note: left out: \(safe("\(problem)"))")
        } : nil
      try reader.read(first..<last + 1, onDamage: onDamage) { number, picture in
        guard chosen.contains(number) else { return }
        try output.write(picture, number)
        bytes += picture.pixels.count
        bar.update(
          output.count, of: chosen.count, rate.text(bytes: bytes, fraction: Double(output.count) / Double(chosen.count))
        )
      }
    }
    if damage { isDamaged = true }
  }

  /// The numbers of the pictures that are asked for, in order.
  private func numbers(_ names: [String], of count: Int) throws -> [Int] {
    guard !only.isEmpty else { return Array(0..<count) }
    let found = try only.flatMap { text -> [Int] in
      if let number = names.firstIndex(of: text) { return [number] }
      let parts = text.components(separatedBy: "...")
      let ends = parts.compactMap { Int($0) }
      guard ends.count == parts.count, (1...2).contains(ends.count), ends[0] >= 0, ends.last! >= ends[0],
        ends.last! < count
      else {
        throw ValidationError(
          "--only \(text): expected \(names.isEmpty ? "" : "a name in the archive, or ")a number from 0 to \(count - 1), or two as "
            + "0...9")
      }
      return Array(ends[0]...ends.last!)
    }
    return Set(found).sorted()
  }
}

/// Where decoded pictures go.
private final class PictureOutput {
  enum Place {
    case folder(String)
    case standardOutput
  }

  private let place: Place?
  /// Empty where pictures have numbers alone.
  private let files: [String]
  private(set) var count = 0

  /// - Parameter place: nil for nowhere.
  init(_ place: Place?, _ names: [String], _ wanted: [Int], replacing: Bool) throws {
    self.place = place
    files = Self.files(names)
    switch place {
    case nil: break
    case .standardOutput:
      guard wanted.count == 1 else {
        throw ValidationError("--stdout takes one picture, and these are \(wanted.count): name one with --only")
      }
    case .folder(let folder):
      guard !replacing else { break }
      if let file = wanted.lazy.map({ self.path($0, in: folder) }).first(where: {
        FileManager.default.fileExists(atPath: $0)
      }
      ) {
        throw ValidationError("\(file) is there already: name another folder with -o, or replace it with -f")
      }
    }
  }

  /// PNG files: those that were of another kind change their endings, if no other has that name.
  private static func files(_ names: [String]) -> [String] {
    let taken = Set(names)
    return names.map { name in
      let ending = URL(filePath: name).pathExtension
      if ending.lowercased() == "png" { return name }
      let changed = (ending.isEmpty ? name : String(name.dropLast(ending.count + 1))) + ".png"
      return taken.contains(changed) ? name + ".png" : changed
    }
  }

  private func path(_ number: Int, in folder: String) -> String {
    folder + "/" + (files.isEmpty ? String(format: "%06d.png", number) : files[number])
  }

  func write(_ picture: PixelImage, _ number: Int) throws {
    count += 1
    switch place {
    case nil: break
    case .standardOutput: try FileHandle.standardOutput.write(contentsOf: Data(picture.encodePNG()))
    case .folder(let folder):
      let url = URL(filePath: path(number, in: folder))
      try makeFolder(url.deletingLastPathComponent())
      try picture.writePNG(to: url)
    }
  }
}
