import Files
import Foundation
import TestSupport
import Testing

@testable import FlowModels

@Suite struct ShippedFolderTests {
  private func folders(named: String?) -> [String] {
    ModelLocation.shippedFolders(
      of: ProgramFiles(program: URL(filePath: "/a/b/bin/glow")), named: named, from: URL(filePath: "/home/me")
    )
    .map(\.path)
  }

  @Test func modelsAreWhereTheProgramIs() {
    #expect(folders(named: nil).prefix(3) == ["/home/me/Models", "/a/b/bin/Models", "/a/b/share/glow/Models"])
    #expect(folders(named: nil).contains("/a/Models"))
  }

  @Test func theVariableNamesFoldersBeforeThem() {
    #expect(folders(named: "/m/one:/m/two").prefix(3) == ["/m/one", "/m/two", "/home/me/Models"])
    #expect(folders(named: "") == folders(named: nil))
    #expect(folders(named: ":/m:") == ["/m"] + folders(named: nil))
  }
}
