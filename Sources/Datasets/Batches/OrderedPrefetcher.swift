import Foundation

/// Makes elements 0, 1, 2, ... on background threads, a bounded number ahead of demand, and hands them out in order.
final class OrderedPrefetcher<Element: Sendable>: Sendable {
  private let queue: OrderedQueue<Element>

  /// - Parameters:
  ///   - count: how many elements there are; nil for no end.
  ///   - ahead: the most elements made or in the making that were not handed out.
  ///   - make: makes element `index`; called on any of the threads, several at a time.
  init(
    count: Int? = nil, ahead: Int, workers: Int, make: @escaping @Sendable (_ index: Int) throws -> Element
  ) {
    precondition(ahead > 0 && workers > 0, "prefetching needs at least one element ahead and one worker")
    let workers = min(workers, ahead)
    let queue = OrderedQueue<Element>(count: count ?? .max, ahead: ahead, workers: workers)
    self.queue = queue
    for worker in 0..<workers {
      // The threads hold the queue and not the prefetcher, so that letting go of the prefetcher ends them.
      let thread = Thread {
        while let index = queue.claim() {
          queue.deliver(Result { try make(index) }, at: index)
        }
        queue.workerEnded()
      }
      thread.name = "prefetch \(worker)"
      thread.start()
    }
  }

  /// Waits for the next element.
  ///
  /// - Returns: nil past the last element and after `close()`.
  /// - Throws: the error that its making threw; the call after goes on with the element after.
  func next() throws -> Element? {
    try queue.take()?.get()
  }

  /// How many elements (or errors in their place) were handed out.
  var taken: Int { queue.taken }

  /// Ends the threads and waits until they have finished what they were making. Calling it again does nothing.
  func close() {
    queue.close()
  }

  deinit {
    queue.close()
  }
}

/// The state that prefetching threads share. Sendable because every access to a variable holds `condition`.
private final class OrderedQueue<Element: Sendable>: @unchecked Sendable {
  private let condition = NSCondition()
  private let count: Int
  private let ahead: Int
  private var runningWorkers: Int
  private var isClosed = false
  private var nextToMake = 0
  private var nextToTake = 0
  private var ready: [Int: Result<Element, any Error>] = [:]

  init(count: Int, ahead: Int, workers: Int) {
    self.count = count
    self.ahead = ahead
    self.runningWorkers = workers
  }

  var taken: Int { condition.withLock { nextToTake } }

  /// Waits for room; nil when there is nothing more to make.
  func claim() -> Int? {
    condition.withLock {
      while !isClosed && nextToMake < count && nextToMake - nextToTake >= ahead { condition.wait() }
      guard !isClosed && nextToMake < count else { return nil }
      defer { nextToMake += 1 }
      return nextToMake
    }
  }

  func deliver(_ result: Result<Element, any Error>, at index: Int) {
    condition.withLock {
      ready[index] = result
      condition.broadcast()
    }
  }

  func take() -> Result<Element, any Error>? {
    condition.withLock {
      while !isClosed && nextToTake < count && ready[nextToTake] == nil { condition.wait() }
      guard !isClosed, let result = ready.removeValue(forKey: nextToTake) else { return nil }
      nextToTake += 1
      condition.broadcast()
      return result
    }
  }

  func workerEnded() {
    condition.withLock {
      runningWorkers -= 1
      condition.broadcast()
    }
  }

  func close() {
    condition.withLock {
      isClosed = true
      ready = [:]
      condition.broadcast()
      while runningWorkers > 0 { condition.wait() }
      ready = [:]
    }
  }
}
