import Foundation
import Synchronization

/// What is said to a person beside results.
enum Talk {
  private static let quiet = Mutex(false)

  static var isQuiet: Bool { quiet.withLock { $0 } }

  static func beQuiet() { quiet.withLock { $0 = true } }
}

/// Says what a person should know before results are used.
func warn(_ text: String) {
  if !Talk.isQuiet { FileHandle.standardError.write(Data("Note: \(safe(text))\n".utf8)) }
}

/// Says what was done.
func tell(_ text: String) { if !Talk.isQuiet { print(text) } }
