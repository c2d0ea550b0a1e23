import Foundation

/// Runs an actor's work on one thread that nothing else uses. libtorch keeps a pool of threads for every thread that calls
/// it: from the threads of Swift's own pool, an actor would end up with several pools.
final class DedicatedThread: SerialExecutor {
  private let jobs: JobQueue<UnownedSerialExecutor>

  init(name: String) {
    let jobs = JobQueue<UnownedSerialExecutor>()
    self.jobs = jobs
    let thread = Thread { while let (job, executor) = jobs.take() { job.runSynchronously(on: executor) } }
    thread.name = name
    // As the main thread has: libtorch's operations were written for it.
    thread.stackSize = 8 << 20
    thread.start()
  }

  deinit { jobs.close() }

  func enqueue(_ job: consuming ExecutorJob) { jobs.append(UnownedJob(job), asUnownedSerialExecutor()) }
}
