import Foundation
import Testing

@testable import Datasets

@Suite struct FolderTreeTests {
  private func link(_ path: String, to target: String, in folder: URL) throws {
    let url = folder.appendingPathComponent(path)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(atPath: url.path, withDestinationPath: target)
  }

  private func strays(_ tree: FolderTree, _ kind: TreeStray.Kind) -> [String] {
    tree.strays.filter { $0.kind == kind }.map(\.path)
  }

  @Test func linkedClassFoldersAreFollowed() throws {
    try withTemporaryFolder { folder in
      for name in ["real/a/1.png", "real/a/2.png", "real/b/1.png", "real/b/2.png"] { try folder.writePicture(name) }
      for name in ["a", "b"] { try link("set/\(name)", to: "../real/\(name)", in: folder) }
      try link("set/a/3.png", to: "1.png", in: folder)
      let set = try ImageFolder(folder.appendingPathComponent("set"), split: .train)
      #expect(set.classNames == ["a", "b"] && set.count == 3 && set.notes.isEmpty)
      #expect(try FolderTree(of: folder.appendingPathComponent("set")).paths.count == 5)
    }
  }

  @Test func noLinkIsFollowedInACircleOrTwice() throws {
    try withTemporaryFolder { folder in
      for name in ["set/a/1.png", "set/b/1.png", "elsewhere/1.png", "elsewhere/2.png"] { try folder.writePicture(name) }
      for (path, target) in [
        ("set/a/up", ".."), ("set/self", "."), ("set/b/above", "../.."), ("set/c", "../elsewhere"),
        ("set/d", "../elsewhere"), ("elsewhere/back", "../set"), ("set/0", "a"),
      ] {
        try link(path, to: target, in: folder)
      }
      let tree = try FolderTree(of: folder.appendingPathComponent("set"))
      #expect(tree.paths == ["a/1.png", "b/1.png", "c/1.png", "c/2.png"])
      // A real folder goes before a link to it, whatever their names.
      #expect(strays(tree, .repeatedLink) == ["0", "a/up", "b/above", "c/back", "d", "self"])
    }
  }

  @Test func whatIsNoFileIsCountedAndNotOpened() throws {
    try withTemporaryFolder { folder in
      for number in 0..<3 { try folder.writePicture("\(number).png") }
      try link("gone.png", to: "nowhere.png", in: folder)
      try link("me.png", to: "me.png", in: folder)
      #expect(mkfifo(folder.appendingPathComponent("pipe.png").path, 0o600) == 0)
      let tree = try FolderTree(of: folder)
      #expect(strays(tree, .deadLink) == ["gone.png", "me.png"] && strays(tree, .special) == ["pipe.png"])
      let set = try ImageFolder(folder, split: .train)
      #expect(set.count == 1)
      #expect(
        set.notes == [
          "2 links that lead nowhere are not used: gone.png and me.png",
          "a pipe, socket or device is not used: pipe.png",
        ])
    }
  }

  @Test func namesThatAreNotUTF8AreRead() throws {
    try withTemporaryFolder { folder in
      for name in ["a/1.png", "a/2.png", "b/1.png"] { try folder.writePicture(name, value: 7) }
      let bytes = Array(folder.path.utf8)
      func path(_ name: [UInt8]) -> [CChar] { (bytes + [0x2F] + name + [0]).map(CChar.init(bitPattern:)) }
      // "b/café.png" and "thé" as Latin-1 writes them.
      #expect(rename(path(Array("b/1.png".utf8)), path(Array("b/caf".utf8) + [0xE9] + Array(".png".utf8))) == 0)
      #expect(rename(path(Array("b".utf8)), path(Array("th".utf8) + [0xE9])) == 0)
      let tree = try FolderTree(of: folder)
      #expect(tree.paths == ["a/1.png", "a/2.png", #"th\xE9/caf\xE9.png"#])
      let set = try #require(try PictureLayout(of: tree).everything(of: .train))
      #expect(set.classNames == ["a", #"th\xE9"#])
      let folder = try ImageFolder(name: "set", split: .train, set)
      #expect(try folder.image(at: 2).pixels.allSatisfy { $0 == 7 })
    }
  }

  @Test func namesThatDifferInBytesAloneAreFoldersOfTheirOwn() throws {
    try withTemporaryFolder { folder in
      let bytes = Array(folder.path.utf8)
      func path(_ name: [UInt8]) -> [CChar] { (bytes + [0x2F] + name + [0]).map(CChar.init(bitPattern:)) }
      let names = [
        Array("caf\u{E9}".utf8), Array("cafe\u{301}".utf8), Array("caf".utf8) + [0xE9], Array(#"caf\xE9"#.utf8),
      ]
      for (number, name) in names.enumerated() {
        try folder.writePicture("new/0.png", value: UInt8(number))
        #expect(rename(path(Array("new".utf8)), path(name)) == 0)
      }
      let all = try #require(try PictureLayout(of: FolderTree(of: folder)).everything(of: .train))
      #expect(all.classNames.count == 4 && Set(all.labels).count == 4)
      let set = try ImageFolder(name: "set", split: .train, all)
      for index in 0..<4 {
        let number = Int(try set.image(at: index).pixels[0])
        #expect(pathText(names[number]).utf8.elementsEqual(set.classNames[set.label(at: index)!].utf8))
      }
      // The packed set and its labels are the same.
      let packed = folder.appendingPathComponent("packed")
      try PackedWriter([set], shardBytes: 1 << 20).write(to: packed)
      #expect(
        try PackedDataset(directory: packed, split: .train).classNames.map { Array($0.utf8) }
          == set.classNames.map { Array($0.utf8) })
    }
  }

  @Test func textOfBytes() {
    #expect(pathText(Array(#"a\xE9\xe9\x5"#.utf8)) == #"a\x5CxE9\xe9\x5"#)
    #expect(pathText(Array("é日.png".utf8)) == "é日.png")
    #expect(pathText([0xFF, 0x61, 0xC3, 0xA9, 0xE6, 0x97, 0x0A]) == "\\xFFa\u{E9}\\xE6\\x97\n")
  }

  @Test func aFolderThatMayNotBeReadIsNamed() throws {
    try withTemporaryFolder { folder in
      for name in ["a/1.png", "b/1.png", ".hidden/1.png"] { try folder.writePicture(name) }
      func setMode(_ mode: Int, of name: String) throws {
        try FileManager.default.setAttributes(
          [.posixPermissions: mode], ofItemAtPath: folder.appendingPathComponent(name).path)
      }
      try setMode(0, of: ".hidden")
      defer { for name in ["b", ".hidden"] { try? setMode(0o700, of: name) } }
      #expect(try FolderTree(of: folder).paths.filter { !isHidden($0) } == ["a/1.png", "b/1.png"])
      try setMode(0, of: "b")
      // The superuser may read it all the same.
      guard geteuid() != 0 else { return }
      let error = #expect(throws: DatasetError.self) { try FolderTree(of: folder) }
      #expect(error?.description.hasSuffix("/b: the folder could not be read (Permission denied).") == true)
    }
  }
}
