import Foundation
import Imaging
import Testing

/// `glow runs`, `glow status` and `glow plot` on tiny runs.
@Suite struct RunsTests {
  @Test func status() throws {
    let run = try TrainedRun.labeled().run
    let text = try glow("status", run.path)
    for line in [
      #"^\Q\#(run.path)\E: finished$"#, #"^  model +Glow L=2 K=1 hidden=8"#, #"^  data +idx:/"#,
      #"^  images +320 of 320 \(100%\)$"#, #"^  time +\S+ trained, \d+ images/s$"#,
      #"^  bits/dim +train \d\.\d{4}, validation \d\.\d{4}$"#,
      #"^  best validation +\d\.\d{4} after 320 images: checkpoints/images-320$"#, #"^  gradient norm +\d"#,
      #"^  learning rate +0\.01$"#, #"^  invertibility +round-trip error \S+, worst condition number \d"#,
      #"^  checkpoints +images-160 \(\d.*B\), images-320 \(\d.*B\)$"#, #"^  last written +\S+ ago$"#,
      #"^  train bits/dim +[▁▂▃▄▅▆▇█]+  \d\.\d+ to \d\.\d+$"#, #"^  validation bits/dim +[▁▂▃▄▅▆▇█]+ "#,
      #"^  gradient norm +[▁▂▃▄▅▆▇█]+ "#,
    ] {
      #expect(text.range(of: "(?m)" + line, options: .regularExpression) != nil, "no \(line) in \(text)")
    }
    let json = try decodeJSON(glow("status", run.path, "--json"))
    #expect(json["state"] as? String == "finished" && json["images"] as? Int == 320)
    #expect(try #require(json["trainBitsPerDimension"] as? Double) < 9)
    #expect((json["best"] as? [String: Any])?["checkpoint"] as? String == "images-320")
  }

  /// Also while it goes on; and that it goes on all the same.
  @Test func aRunThatIsBeingTrained() throws {
    try withTemporaryFolder { folder in
      let run = folder.appending(path: "run")
      let data = try TrainedRun.unlabeled().data
      let process = GlowBinary.process(
        tinyTraining(on: data, to: run, images: 1_000_000_000) + ["--checkpoint-every", "1600"])
      (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
      try process.run()
      defer {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
      }
      let deadline = Date(timeIntervalSinceNow: 60)
      while run.appending(path: "checkpoints").names.isEmpty, process.isRunning, Date() < deadline { usleep(5000) }
      let text = try glow("status", run.path)
      #expect(text.hasPrefix("\(run.path): being trained now\n") && text.contains(" left\n"), "\(text)")
      #expect(try glow("runs", folder.path).contains("\nrun  training  Glow L="))
      for name in ["a.svg", "b.svg"] { try glow("plot", run.path, "--out", folder.appending(path: name).path) }
      #expect(process.isRunning)
      kill(process.processIdentifier, SIGINT)
      process.waitUntilExit()
      let stopped = try glow("status", run.path)
      #expect(stopped.hasPrefix("\(run.path): stopped; go on with: glow resume \(run.path)\n"), "\(stopped)")
    }
  }

  @Test func aRunWithoutACheckpoint() throws {
    try withTemporaryFolder { folder in
      let metrics = try TrainedRun.labeled().run.appending(path: "metrics.jsonl")
      try folder.write(Data(contentsOf: metrics), to: "run/metrics.jsonl")
      let run = folder.appending(path: "run").path
      let text = try glow("status", run)
      #expect(text.hasPrefix("\(run): stopped before its first checkpoint\n  model            (no checkpoint yet)\n"))
      #expect(text.contains("\n  checkpoints      none yet\n"))
      #expect(try glow("runs", folder.path).contains("\nrun  stopped  -      -        320  "))
      #expect(try decodeJSON(glow("status", run, "--json"))["model"] == nil)
    }
  }

  @Test func badStatus() throws {
    try withTemporaryFolder { folder in
      let missing = folder.appending(path: "missing").path
      try expectRefusal(["status", missing], "\(missing): there is no such folder")
      try expectRefusal(["status", folder.path], "\(folder.path) is no run folder")
      let run = folder.appending(path: "run")
      try FileManager.default.createDirectory(
        at: run.appending(path: "checkpoints"), withIntermediateDirectories: true)
      try expectRefusal(["status", run.path], "\(run.path) has no metrics yet")
      try run.write(Array("{}\n".utf8), to: "metrics.jsonl")
      try expectRefusal(["status", run.path], "metrics.jsonl: line 1 is no line of metrics")
      try expectRefusal(["status"], "Missing expected argument")
    }
  }

  @Test func list() throws {
    try withTemporaryFolder { folder in
      let run = try TrainedRun.labeled().run.copied(to: folder, as: "good")
      _ = try TrainedRun.realNVP().run.copied(to: folder, as: "other")
      let bad = folder.appending(path: "bad")
      try bad.write(Array("{}\n".utf8), to: "metrics.jsonl")
      let outcome = try GlowBinary.run(["runs", folder.path])
      #expect(outcome.status == 0)
      #expect(outcome.errors.contains("Note: \(bad.path)/metrics.jsonl: line 1 is no line of metrics"))
      let lines = outcome.output.split(separator: "\n")
      #expect(lines.count == 3 && lines[0].hasPrefix("run    state     model"), "\(outcome.output)")
      #expect(lines[1].hasPrefix("good   finished  Glow L=2 K=1 hidden=8") && lines[1].contains("  320/320  "))
      #expect(lines[2].hasPrefix("other  finished  RealNVP"))
      let json = try JSONSerialization.jsonObject(with: Data(glow("runs", folder.path, "--json").utf8))
      let runs = try #require(json as? [[String: Any]])
      #expect(runs.map { $0["run"] as? String } == [run.path, folder.appending(path: "other").path])
      let empty = folder.appending(path: "empty")
      try FileManager.default.createDirectory(at: empty, withIntermediateDirectories: true)
      #expect(try glow("runs", empty.path) == "There are no runs under \(empty.path).\n")
      #expect(try glow("runs", empty.path, "--json").filter { !$0.isWhitespace } == "[]")
      try expectRefusal(["runs", empty.path + "/x"], "\(empty.path)/x: there is no such folder")
    }
  }

  @Test func plot() throws {
    try withTemporaryFolder { folder in
      let runs = try [TrainedRun.labeled().run.path, TrainedRun.realNVP().run.path]
      let svg = folder.appending(path: "curves.svg")
      for flags in [[], ["--metric", "gradientNorm", "--x", "seconds"], ["--x", "steps"]] {
        let outcome = try GlowBinary.run(["plot"] + runs + ["--out", svg.path] + flags)
        #expect(outcome.status == 0 && outcome.output == "2 runs: \(svg.path)\n", "\(outcome.errors)")
        let text = try String(contentsOf: svg, encoding: .utf8)
        #expect(text.hasPrefix("<svg") && text.contains(">labeled</text>") && text.contains(">realnvp</text>"))
        #expect(text.contains("Gradient norm") == flags.contains("gradientNorm"))
      }
      let png = folder.appending(path: "curves.png")
      try glow("plot", runs[0], "--out", png.path)
      let picture = try PixelImage(contentsOf: png)
      #expect((picture.width, picture.height) == (1280, 720))
      #expect(folder.names == ["curves.png", "curves.svg"])
    }
  }

  @Test func badPlots() throws {
    try withTemporaryFolder { folder in
      let run = try TrainedRun.labeled().run.path
      let out = folder.appending(path: "curves.svg").path
      let empty = folder.appending(path: "run")
      try empty.write([], to: "metrics.jsonl")
      for (arguments, words) in [
        ([run, "--out", "curves.pdf"], ["--out is curves.pdf, expected a name that ends in .svg or .png"]),
        ([run], ["--out"]), (["--out", out], ["Missing expected argument"]),
        ([run, "--out", out, "--metric", "loss"], ["no metric \"loss\"", "trainBitsPerDimension"]),
        ([run, "--out", out, "--metric", "step", "--metric", "step"], ["--metric step is given twice"]),
        ([run, "--out", out, "--x", "hours"], ["--x"]), ([run, "/nowhere", "--out", out], ["/nowhere"]),
        ([run, empty.path, "--out", out], ["\(empty.path) has no metrics yet"]),
        ([run, "--out", folder.path + "/missing/a.svg"], ["missing/a.svg", "could not be written"]),
      ] {
        try expectRefusal(["plot"] + arguments, saying: words, leaving: folder)
      }
      try expectRefusal(
        ["plot", run, "--out", folder.path + "/a.png"], saying: ["rsvg-convert", "not on the PATH"], leaving: folder,
        through: "PATH=/nowhere;")
    }
  }
}
