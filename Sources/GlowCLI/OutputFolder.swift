import ArgumentParser
import FileErrors
import Foundation

/// Makes a folder and those above it, where they are missing.
func makeFolder(_ folder: URL) throws {
  do { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) } catch {
    throw ValidationError("cannot create the folder \(folder.path): \(error.systemReason)")
  }
}
