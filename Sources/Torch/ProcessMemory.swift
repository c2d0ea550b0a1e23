import Foundation

/// What the kernel says of this process's memory; nil where there is no /proc.
public enum ProcessMemory {
  /// The most that was resident at any time, in bytes.
  public static var peak: Int? { field("VmHWM") }
  /// What is resident now, in bytes.
  public static var resident: Int? { field("VmRSS") }

  private static func field(_ name: String) -> Int? {
    guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else { return nil }
    let line = status.split(separator: "\n").first { $0.hasPrefix(name + ":") }
    return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }.map { $0 * 1024 }
  }
}
