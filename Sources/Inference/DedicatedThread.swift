import Foundation

/// Runs an actor's work on one thread that nothing else uses. libtorch keeps a pool of threads for every thread that calls
/// it: from the threads of Swift's own pool, an actor would end up with several pools.
final class DedicatedThread: SerialExecutor {
  private let jobs: JobQueue

  init(name: String) {
    let jobs = JobQueue()
    self.jobs = jobs
    let thread = Thread {
      while let batch = jobs.takeAll() {
        for (job, executor) in batch { job.runSynchronously(on: executor) }
      }
    }
    thread.name = name
    // As the main thread has: libtorch's operations were written for it.
    thread.stackSize = 8 << 20
    thread.start()
  }

  deinit { jobs.close() }

  func enqueue(_ job: consuming ExecutorJob) { jobs.append(UnownedJob(job), asUnownedSerialExecutor()) }
}

private final class JobQueue: @unchecked Sendable {
  typealias Job = (UnownedJob, UnownedSerialExecutor)

  private let condition = NSCondition()
  private var jobs: [Job] = []
  private var isClosed = false

  func append(_ job: UnownedJob, _ executor: UnownedSerialExecutor) {
    condition.withLock {
      jobs.append((job, executor))
      condition.signal()
    }
  }

  func close() {
    condition.withLock {
      isClosed = true
      condition.signal()
    }
  }

  /// Waits for jobs, and takes those that there are, the oldest first; nil when there will be no more.
  func takeAll() -> [Job]? {
    condition.withLock {
      while jobs.isEmpty {
        if isClosed { return nil }
        condition.wait()
      }
      defer { jobs = [] }
      return jobs
    }
  }
}
