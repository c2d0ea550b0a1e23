import ArgumentParser
import Foundation

/// Makes a folder and those above it, where they are missing.
func makeFolder(_ folder: URL) throws {
  do { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) } catch {
    let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? any Error
    let reason = underlying.map { String(cString: strerror(Int32(($0 as NSError).code))) }
    throw ValidationError("cannot create the folder \(folder.path): \(reason ?? error.localizedDescription)")
  }
}
