import ArgumentParser
import Cluster
import Foundation
import Torch

/// The options of every command that computes.
struct RuntimeOptions: ParsableArguments {
  @Option(help: "Threads of one tensor operation; by default as many as the machine has cores.")
  var threads: Int?

  @Option(
    help: ArgumentHelp("Where to compute: cpu, cuda, cuda:N or mps.", valueName: "device"),
    completion: Completions.device)
  var device = "cpu"

  @OptionGroup var talk: QuietOption

  func validate() throws {
    if let threads, threads < 1 { throw ValidationError("--threads is \(threads), expected 1 or more") }
    guard Device(device) != nil else {
      throw ValidationError("--device is \"\(device)\", expected cpu, cuda, cuda:N or mps")
    }
  }

  /// Sets libtorch up for this process.
  /// - Parameter place: among the processes of a job: those on one host share its cores and take a GPU each.
  func start(as place: RankEnvironment? = nil) throws -> Device {
    try Runtime.checkVersion()
    Runtime.keepFreedMemory()
    if let threads {
      try Runtime.setThreadCount(threads)
    } else if let place, place.localSize > 1, ProcessInfo.processInfo.environment["OMP_NUM_THREADS"] == nil {
      try Runtime.setThreadCount(max(1, Runtime.threadCount / place.localSize))
    }
    let device = device == "cuda" ? .cuda(place?.localRank ?? 0) : Device(device)!
    if case .cuda(let index) = device, let place, Device.cudaCount > 0, index >= Device.cudaCount {
      throw ValidationError(
        "rank \(place.rank) wants GPU \(index) of its host, which has \(Device.cudaCount): start no more processes than GPUs"
      )
    }
    guard device.isAvailable else {
      throw ValidationError("--device \(device): this machine or this build of libtorch has no such device")
    }
    return device
  }
}
