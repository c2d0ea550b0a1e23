import Foundation

/// Keeps a run to one process: a lock on its folder of checkpoints, which the system lets go of however the process ends,
/// and which leaves no file behind. (`flock`: file systems that know no locks between machines, such as some NFS, keep
/// only to processes of one machine.)
package final class RunLock {
  private let descriptor: Int32

  /// Whether a trainer has the lock. To find out, this shares the lock for a moment, which ``init(_:)`` waits for.
  static func isHeld(on run: RunFolder) -> Bool {
    let descriptor = open(run.checkpointsFolder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
  }

  /// - Parameter run: must have its folder of checkpoints.
  /// - Throws: ``TrainingError`` when another process, or another trainer of this one, has the lock.
  package init(_ run: RunFolder) throws {
    let descriptor = open(run.checkpointsFolder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw TrainingError.system("open", run.checkpointsFolder) }
    guard Self.lock(descriptor) else {
      let error =
        errno == EWOULDBLOCK
        ? TrainingError("\(run.url.path) is being trained by another process: wait for that to end, or stop it")
        : TrainingError.system("lock", run.checkpointsFolder)
      close(descriptor)
      throw error
    }
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// Tries for a fifth of a second: a trainer has the lock for longer, and whoever only asks for it for less.
  private static func lock(_ descriptor: Int32) -> Bool {
    for _ in 0..<20 {
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
      guard errno == EWOULDBLOCK || errno == EINTR else { return false }
      usleep(10_000)
    }
    errno = EWOULDBLOCK
    return false
  }
}
