import Files
import FlowModels
import Flows
import Foundation
import Torch

/// What training does with activations between the forward and the backward pass.
public enum MemoryPolicy: String, JSONWord, Sendable {
  /// Keeps those of as many steps of flow as the budget holds, and rebuilds the rest.
  case auto
  /// Rebuilds all: memory does not grow with depth.
  case reversible
  /// Keeps all.
  case keep

  /// - Parameters:
  ///   - budget: bytes for kept activations under `auto`.
  ///   - batch: images per pass.
  func plan(
    for model: any FlowConfiguration, batch: Int, precision: ConditionerPrecision, budget: Int
  ) -> KeptActivations {
    switch self {
    case .reversible: .none(of: model)
    case .keep: .all(of: model)
    case .auto: .fitting(budget, of: model, batch: batch, precision: precision)
    }
  }

  /// Bytes: half of what is free on this machine. Nothing on a GPU, whose free memory is unknown here.
  static func defaultBudget(on device: Device) -> Int {
    device == .cpu ? Self.availableMemory.map { $0 / 2 } ?? 0 : 0
  }

  /// Bytes that this process could still take: what the system calls available, within the limit of the control group.
  package static var availableMemory: Int? {
    func number(_ path: String, _ key: String = "") -> Int? {
      guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
      let line = text.split(separator: "\n").first { $0.hasPrefix(key) }
      return line.flatMap { Int($0.dropFirst(key.count).split(separator: " ").first ?? "") }
    }
    guard let free = number("/proc/meminfo", "MemAvailable:").map({ $0 * 1024 }) else { return nil }
    guard let limit = number("/sys/fs/cgroup/memory.max"), let used = number("/sys/fs/cgroup/memory.current") else {
      return free
    }
    return min(free, max(0, limit - used))
  }
}
