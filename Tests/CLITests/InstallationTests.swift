import Files
import Foundation
import Testing

/// The program away from the folder that it was built in.
@Suite struct InstallationTests {
  @Test func theVersion() throws {
    #expect(try glow("--version") == "glow \(ProgramVersion.current)\n")
  }

  /// A second name of the program, in a folder that has nothing else.
  private func moved(to folder: URL) throws -> URL {
    let program = folder.appending(path: "glow")
    let built = GlowBinary.url.resolvingSymlinksInPath()
    do { try FileManager.default.linkItem(at: built, to: program) } catch {
      try FileManager.default.copyItem(at: built, to: program)
    }
    return program
  }

  @Test func aProgramWithoutItsFilesSaysSo() throws {
    let folder = try TemporaryFolder()
    let program = try moved(to: folder.url)
    let run = try TrainedRun.labeled()
    for (arguments, word) in [
      (["import", "none.safetensors", "--layout", "normflows", "--size", "32", "--out", folder.path("x")], "Layouts"),
      (["serve", "--port", "0", "--model", run.run.path, "--runs", folder.path("runs")], "Page"),
    ] {
      let outcome = try GlowBinary.run(arguments, program: program)
      let lines = outcome.errors.split(separator: "\n").filter { !$0.hasPrefix("Note: ") }
      #expect(outcome.status == 1, "\(outcome.errors)")
      #expect(
        lines.count == 1 && lines[0].hasPrefix("Error: the folder \(word) that comes with the program"), "\(lines)")
    }
  }

  /// Whatever its first argument, the working folder and the link say.
  @Test func modelsAreFoundThroughPathAndLinks() throws {
    let folder = try TemporaryFolder()
    let installed = folder.url.appending(path: "opt/bin")
    try FileManager.default.createDirectory(at: installed, withIntermediateDirectories: true)
    let program = try moved(to: installed)
    let models = folder.url.appending(path: "opt/share/glow/Models")
    try FileManager.default.createDirectory(at: models, withIntermediateDirectories: true)
    let shipped = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Models/fashion-mnist")
    try FileManager.default.copyItem(at: shipped, to: models.appending(path: "clothes"))
    let links = folder.url.appending(path: "links")
    try FileManager.default.createDirectory(at: links, withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(at: links.appending(path: "glow"), withDestinationURL: program)
    let shell =
      "cd / && PATH='\(links.path)' && exec -a glow glow sample --model clothes --count 1 --out '\(folder.path("one.png"))';"
    let outcome = try GlowBinary.run([], through: shell)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(FileManager.default.fileExists(atPath: folder.path("one.png")))
  }

  @Test func aVariableNamesFoldersOfModels() throws {
    let run = try TrainedRun.labeled()
    let folder = try TemporaryFolder()
    let checkpoints = run.run.appending(path: "checkpoints")
    let newest = try #require(try FileManager.default.contentsOfDirectory(atPath: checkpoints.path).sorted().last)
    let outcome = try GlowBinary.run(
      ["sample", "--model", newest, "--count", "1", "--out", folder.path("one.png")],
      through: "export GLOW_MODELS='/nowhere:\(checkpoints.path)';")
    #expect(outcome.status == 0, "\(outcome.errors)")
  }
}
