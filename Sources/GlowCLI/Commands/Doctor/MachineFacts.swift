import Foundation
import Torch
import Training

/// What the system says of itself.
enum MachineFacts {
  static var system: String {
    let release = text("/etc/os-release")?.split(separator: "\n").first { $0.hasPrefix("PRETTY_NAME=") }
    let name = release.map { $0.dropFirst("PRETTY_NAME=".count).trimmingCharacters(in: ["\""]) }
    return name ?? ProcessInfo.processInfo.operatingSystemVersionString
  }

  static var availableMemory: Int? { MemoryPolicy.availableMemory }

  /// Of the working folder, in bytes.
  static var freeDisk: Int? {
    let here = URL(filePath: FileManager.default.currentDirectoryPath)
    return (try? here.resourceValues(forKeys: [.volumeAvailableCapacityKey]))?.volumeAvailableCapacity
  }

  /// Processes that wanted to run in the last minute.
  static var load: String {
    guard let first = text("/proc/loadavg")?.split(separator: " ").first, let load = Double(first) else {
      return "not known"
    }
    let cores = Double(ProcessInfo.processInfo.activeProcessorCount)
    return String(format: "%.1f", load) + (load > cores / 2 ? ": the speeds below are those of a busy machine" : "")
  }

  /// The instructions that libtorch's own kernels take.
  static var libtorchCapability: String {
    let key = "CPU capability usage: "
    let line = Runtime.buildDescription.split(separator: "\n").first { $0.contains(key) }
    return line.flatMap { $0.range(of: key).map { range in String(line![range.upperBound...]) } } ?? "not known"
  }

  fileprivate static func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }
}

/// A processor, and what of it Glow and libtorch use.
struct Processor {
  let name: String
  /// By the names that people know.
  let used: [String]

  static var current: Processor { Processor(MachineFacts.text("/proc/cpuinfo") ?? "") }

  /// - Parameter description: as Linux writes `/proc/cpuinfo`.
  init(_ description: String) {
    func field(_ key: String) -> Substring? {
      let line = description.split(separator: "\n").first { $0.hasPrefix(key) }
      return line?.split(separator: ":", maxSplits: 1).dropFirst().first?.drop { $0 == " " }
    }
    name = (field("model name") ?? field("CPU part")).map(String.init) ?? "unknown"
    let flags = Set((field("flags") ?? field("Features") ?? "").split(separator: " "))
    used = [
      ("avx2", "AVX2"), ("fma", "FMA"), ("avx512f", "AVX-512"), ("avx512_bf16", "AVX-512 bf16"),
      ("amx_bf16", "AMX bf16"),
      ("asimd", "NEON"), ("sve", "SVE"), ("bf16", "bf16"),
    ].filter { flags.contains(Substring($0.0)) }.map(\.1)
  }
}
