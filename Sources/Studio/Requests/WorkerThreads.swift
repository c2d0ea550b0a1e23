import Foundation
import Inference

/// Threads of their own for work that takes long without waiting: on those of Swift's own pool, which are as few as the
/// cores, it would keep every other request from being looked at.
final class WorkerThreads: TaskExecutor {
  private let jobs = JobQueue<UnownedTaskExecutor>()

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
