import Foundation
import Runs
import Training

/// The samples that a run drew at its validations, as its files for TensorBoard hold them.
struct RunFilm {
  private let run: RunFolder

  init(_ run: RunFolder) { self.run = run }

  /// The oldest first; none of a run that has drawn none, or has no such files.
  /// - Parameter most: spread evenly; the newest is one of them.
  func frames(atMost most: Int) -> [(images: Int, png: Data)] {
    let all = EventFile.pictures(tagged: RunEvents.samplesTag, in: run.url)
    let count = min(most, all.count)
    return (0..<count).compactMap { number in
      let place = count == 1 ? all.count - 1 : number * (all.count - 1) / (count - 1)
      return all[place].png.map { (images: all[place].step, png: $0) }
    }
  }
}
