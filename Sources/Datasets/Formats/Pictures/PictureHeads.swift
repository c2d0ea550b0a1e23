import Dispatch
import Files
import Imaging
import Synchronization

/// The heads of a tree's pictures, each read once and several at a time.
final class PictureHeads: Sendable {
  let tree: any FileTree
  private let known = Mutex<[ExactName: ImageHeader]>([:])

  init(_ tree: any FileTree) { self.tree = tree }

  /// The heads of some files, in their order, or why one cannot be read.
  func read(_ paths: [String]) -> [Result<ImageHeader, any Error>] {
    let known = known.withLock { $0 }
    let chunk = 64
    let parts = Mutex<[Int: [Result<ImageHeader, any Error>]]>([:])
    DispatchQueue.concurrentPerform(iterations: (paths.count + chunk - 1) / chunk) { number in
      let part = paths[number * chunk..<min((number + 1) * chunk, paths.count)].map { path in
        known[ExactName(path)].map { .success($0) } ?? Result { try tree.header(of: path) }
      }
      parts.withLock { $0[number] = part }
    }
    let heads = parts.withLock { parts in parts.sorted { $0.key < $1.key }.flatMap(\.value) }
    self.known.withLock { known in
      for (path, head) in zip(paths, heads) { if case .success(let head) = head { known[ExactName(path)] = head } }
    }
    return heads
  }
}
