import Foundation
import Imaging
import Testing

@Suite struct InterpolateTests {
  @Test(arguments: ["straight", "spherical"]) func picturesOfLatents(path: String) throws {
    try withTemporaryFolder { folder in
      let run = try TrainedRun.labeled().run.path
      let (latents, out) = (folder.appending(path: "z.safetensors"), folder.appending(path: "out.png"))
      try glow("encode", "--model", run, "--out", latents.path, "--limit", "4")
      try glow(
        "interpolate", "--model", run, "--latents", latents.path, "--indices", "3,0,2", "--path", path, "--columns",
        "3",
        "--enlarge", "1", "--out", out.path)
      let grid = try PixelImage(contentsOf: out)
      #expect(grid.width == 32 && grid.height == 22)
      #expect(grid.tile(column: 0, row: 0, size: 8) == testPicture(75))
      #expect(grid.tile(column: 2, row: 0, size: 8) == testPicture(60))
      #expect(grid.tile(column: 2, row: 1, size: 8) == testPicture(70))
    }
  }

  @Test func aVideo() throws {
    try withTemporaryFolder { folder in
      let run = try TrainedRun.unlabeled().run.path
      let video = folder.appending(path: "moving.png")
      let start = ["--model", run, "--indices", "1,2", "--video", video.path, "--enlarge", "1"]
      let said = try GlowBinary.run(["interpolate", "--seconds", "0.5", "--fps", "20"] + start)
      #expect(said.output == "10 frames, 20 a second: \(video.path)\n", "\(said.errors)")
      #expect(try frames(in: video) == 10)
      #expect(try PixelImage(contentsOf: video) == testPicture(61))
      // Two ways in a loop, two seconds each.
      let loop = try GlowBinary.run(["interpolate", "--loop", "--fps", "3"] + start)
      #expect(loop.status == 0, "\(loop.errors)")
      #expect(try frames(in: video) == 12)
      #expect(folder.names == ["moving.png"])
    }
  }

  /// A program in ffmpeg's place that keeps what it is given, so that the tests need none.
  @Test func anMP4ByFFmpeg() throws {
    try withTemporaryFolder { folder in
      let run = try TrainedRun.unlabeled().run.path
      let video = folder.appending(path: "moving.mp4")
      let bin = folder.appending(path: "bin")
      func place(_ script: String) throws {
        let file = try bin.write(Array("#!/bin/bash\n\(script)\n".utf8), to: "ffmpeg")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
      }
      let arguments = [
        "interpolate", "--model", run, "--indices", "1,2", "--video", video.path, "--enlarge", "1", "--seconds", "0.25",
        "--fps", "20",
      ]
      try place("echo \"$@\" > \(folder.path)/arguments; cat > \"${@: -1}\"")
      let made = try GlowBinary.run(arguments, through: "export PATH=\(bin.path):$PATH;")
      #expect(made.status == 0, "\(made.errors)")
      let bytes = [UInt8](try Data(contentsOf: video))
      #expect(bytes.count == 5 * 64)
      #expect(Array(bytes.prefix(64)) == testPicture(61).pixels && Array(bytes.suffix(64)) == testPicture(62).pixels)
      let told = try String(contentsOf: folder.appending(path: "arguments"), encoding: .utf8)
      #expect(told.contains("-pix_fmt gray -s 8x8 -framerate 20 -i -"))

      try FileManager.default.removeItem(at: video)
      try place("echo Unknown encoder >&2; exit 3")
      try expectRefusal(
        arguments, saying: [video.path, "status 3", "Unknown encoder"], leaving: folder,
        through: "export PATH=\(bin.path):$PATH;")
      try expectRefusal(
        arguments, saying: [video.path, "ffmpeg", "not on the PATH"], leaving: folder,
        through: "export PATH=/nowhere;")
    }
  }

  @Test func badRequests() throws {
    try withTemporaryFolder { folder in
      let model = try TrainedRun.labeled()
      let out = folder.appending(path: "out.png").path
      let start = ["interpolate", "--model", model.run.path]
      let requests: [([String], [String])] = [
        ([], ["--out", "--video"]), (["--out", out, "--path", "round"], ["round", "--path"]),
        (["--video", out, "--seconds", "0"], ["--seconds is 0"]), (["--video", out, "--fps", "0"], ["--fps is 0"]),
        (["--video", folder.path + "/out.avi"], ["out.avi", ".mp4"]),
        (["--out", out, "--latents", folder.path + "/none"], ["none"]),
        (["--out", out, "--latents", "z", "a.png"], ["--latents"]),
      ]
      for (arguments, words) in requests { try expectRefusal(start + arguments, saying: words, leaving: folder) }
    }
  }
}
