import CLibFuzzer
import Foundation
import ParserFuzzing

// `fuzz list` names the parsers, `fuzz seeds PARSER FOLDER` writes a parser's seeds, and `fuzz PARSER ...` runs libFuzzer
// on it with the arguments that follow. Files of its own stay in the folder for temporary files.
let arguments = Array(CommandLine.arguments.dropFirst())
if arguments == ["list"] {
  print(FuzzTarget.names.joined(separator: "\n"))
  exit(0)
}

let scratch = FileManager.default.temporaryDirectory.appending(path: "glow-fuzz-\(getpid())")
try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
let isForSeeds = arguments.first == "seeds" && arguments.count == 3
guard let name = isForSeeds ? arguments[1] : arguments.first, let made = try FuzzTarget(name, folder: scratch) else {
  fatalError("expected a parser: one of \(FuzzTarget.names.joined(separator: ", "))")
}
if isForSeeds {
  for (number, seed) in try made.seeds().enumerated() {
    try Data(seed).write(to: URL(filePath: arguments[2]).appending(path: "seed-\(number)"))
  }
  exit(0)
}

nonisolated(unsafe) let target = made
var count = CommandLine.argc - 1
var values: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv + 1
exit(
  LLVMFuzzerRunDriver(&count, &values) { bytes, count in
    if let complaint = target.complaint(about: Array(UnsafeBufferPointer(start: bytes, count: count))) {
      fatalError(complaint)
    }
    return 0
  })
