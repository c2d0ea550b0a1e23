import Foundation
import TestSupport
import Testing

@testable import Files

@Suite struct ProgramFilesTests {
  private func make(_ path: String, in folder: URL) throws -> URL {
    let url = folder.appending(path: path)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    return url
  }

  @Test func besideTheProgramAsInABuild() throws {
    try withTemporaryFolder { folder in
      let page = try make("swift-glow_Studio.resources/Page", in: folder)
      let files = ProgramFiles(program: folder.appending(path: "glow"))
      #expect(try files.resources("Page", of: "Studio").path == page.resolvingSymlinksInPath().path)
    }
  }

  @Test func ofAnInstallationBehindLinks() throws {
    try withTemporaryFolder { folder in
      let page = try make("opt/share/glow/swift-glow_Studio.resources/Page", in: folder)
      let program = try make("opt/bin", in: folder).appending(path: "glow")
      try Data().write(to: program)
      let links = try make("links", in: folder)
      let (near, far) = (links.appending(path: "near"), links.appending(path: "far"))
      try FileManager.default.createSymbolicLink(atPath: near.path, withDestinationPath: "../opt/bin/glow")
      try FileManager.default.createSymbolicLink(at: far, withDestinationURL: near)
      for link in [near, far] {
        let found = try ProgramFiles(program: link).resources("Page", of: "Studio")
        #expect(found.resolvingSymlinksInPath().path == page.resolvingSymlinksInPath().path)
      }
    }
  }

  @Test func whatIsMissingIsSaidInOneSentence() throws {
    try withTemporaryFolder { folder in
      let files = ProgramFiles(program: folder.appending(path: "bin/glow"))
      let error = try #require(throws: MissingFiles.self) { try files.resources("Page", of: "Studio") }
      let text = error.description
      #expect(text.hasPrefix("the folder Page that comes with the program is missing: it is neither /"))
      #expect(text.contains("/share/glow/swift-glow_Studio.resources/Page; install the program again"))
      #expect(!text.contains("\n"))
    }
  }

  @Test func thisProcessIsAProgram() {
    #expect(FileManager.default.isExecutableFile(atPath: ProgramFiles.current.program.path))
  }

  @Test func theVersionIsThatOfTheOtherFiles() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    for (file, line) in [
      ("CITATION.cff", "version: \(ProgramVersion.current)"), ("CHANGELOG.md", "## [\(ProgramVersion.current)]"),
    ] {
      #expect(try String(contentsOf: root.appending(path: file), encoding: .utf8).contains(line), "\(file)")
    }
  }
}
