import ArgumentParser
import Cluster
import Foundation
import Torch

/// This process as one of a job: it finds the others, works, and tells them when it fails.
struct TrainingJob {
  private let place: RankEnvironment
  private let timeout: Double

  init(_ place: RankEnvironment, timeout: Double) {
    self.place = place
    self.timeout = timeout
  }

  /// What a process ends with because another one failed.
  static let otherFailed: Int32 = 5

  /// - Throws: what `body` throws, once the others know; `ExitCode` where another process is what failed.
  func run(_ runtime: RuntimeOptions, _ body: (Device, Communicator) throws -> Void) throws {
    let device = try runtime.start(as: place)
    var options = Communicator.Options()
    (options.timeout, options.device) = (timeout, device)
    options.onWait = { FileHandle.standardError.write(Data("notice: \($0)\n".utf8)) }
    options.onStuck = { error in
      Self.say(error)
      _exit(Self.otherFailed)
    }
    let communicator = try Communicator.join(place, options)
    do {
      try body(device, communicator)
      try communicator.leave()
    } catch {
      // Letting go of it would wait for operations that nobody answers.
      _ = Unmanaged.passRetained(communicator)
      try end(error, communicator)
    }
  }

  private func end(_ error: any Error, _ communicator: Communicator) throws {
    switch error {
    case let code as ExitCode where code.rawValue == 130:
      // All stop after the same step.
      try communicator.leave()
      throw code
    case let error as ClusterError where error.isElsewhere:
      Self.say(error)
      throw ExitCode(Self.otherFailed)
    case let run as FailedRun where run.error.kind == .diverged && !communicator.isLeader:
      // Rank 0 says it.
      throw run.status
    default:
      communicator.fail("\(error)")
      throw error
    }
  }

  private static func say(_ error: ClusterError) {
    FileHandle.standardError.write(Data("Error: \(error)\n".utf8))
  }
}
