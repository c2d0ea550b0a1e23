import Foundation

/// Keeps a run to one process: a lock on its folder of checkpoints, which the system lets go of however the process ends,
/// and which leaves no file behind. (`flock`: file systems that know no locks between machines, such as some NFS, keep
/// only to processes of one machine.)
final class RunLock {
  private let descriptor: Int32

  /// - Parameter run: must have its folder of checkpoints.
  /// - Throws: ``TrainingError`` when another process, or another trainer of this one, has the lock.
  init(_ run: RunFolder) throws {
    let descriptor = open(run.checkpointsFolder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw TrainingError.system("open", run.checkpointsFolder) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
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
}
