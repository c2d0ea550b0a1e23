import Foundation

/// Threads of their own for work that takes long without waiting: on those of Swift's own pool, which are as few as the
/// cores, it would keep every other request from being looked at.
final class WorkerThreads: TaskExecutor {
  private let jobs = JobQueue()

  init(count: Int, name: String) {
    for _ in 0..<count {
      let jobs = jobs
      let thread = Thread {
        while let (job, executor) = jobs.take() { job.runSynchronously(on: executor) }
      }
      thread.name = name
      thread.stackSize = 8 << 20
      thread.start()
    }
  }

  deinit { jobs.close() }

  func enqueue(_ job: consuming ExecutorJob) { jobs.append(UnownedJob(job), asUnownedTaskExecutor()) }
}

private final class JobQueue: @unchecked Sendable {
  typealias Job = (UnownedJob, UnownedTaskExecutor)

  private let condition = NSCondition()
  private var jobs: [Job] = []
  private var taken = 0
  private var isClosed = false

  func append(_ job: UnownedJob, _ executor: UnownedTaskExecutor) {
    condition.withLock {
      jobs.append((job, executor))
      condition.signal()
    }
  }

  func close() {
    condition.withLock {
      isClosed = true
      condition.broadcast()
    }
  }

  /// Waits for a job, and takes the oldest; nil when there will be no more.
  func take() -> Job? {
    condition.withLock {
      while taken == jobs.count {
        if isClosed { return nil }
        condition.wait()
      }
      defer {
        taken += 1
        if taken == jobs.count { (jobs, taken) = ([], 0) }
      }
      return jobs[taken]
    }
  }
}
