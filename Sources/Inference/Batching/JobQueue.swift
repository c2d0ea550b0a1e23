import Foundation

/// Jobs of Swift's concurrency that wait for threads of an executor's own, the oldest first.
package final class JobQueue<Executor>: @unchecked Sendable {
  package typealias Job = (UnownedJob, Executor)

  private let condition = NSCondition()
  private var jobs: [Job] = []
  private var taken = 0
  private var isClosed = false

  package init() {}

  package func append(_ job: UnownedJob, _ executor: Executor) {
    condition.withLock {
      jobs.append((job, executor))
      condition.signal()
    }
  }

  package func close() {
    condition.withLock {
      isClosed = true
      condition.broadcast()
    }
  }

  /// Waits for a job, and takes the oldest; nil when there will be no more.
  package func take() -> Job? {
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
