import Imaging
import Synchronization

/// Pictures that requests brought, kept for a while, so that an address of the page can name one. The pictures that were asked for
/// longest ago make room for new ones.
final class PictureShelf: Sendable {
  /// What makes two pictures the same.
  private struct Content: Hashable {
    let model: String
    let picture: PixelImage
    let label: Int?
  }

  private struct Place {
    let content: Content
    var input: PictureInput
    var lastUse: Int
  }

  private struct State {
    var places: [String: Place] = [:]
    var names: [Content: String] = [:]
    var bytes = 0
    var uses = 0

    mutating func use(_ name: String) {
      uses += 1
      places[name]?.lastUse = uses
    }

    mutating func makeRoom(_ limit: Int) {
      while bytes > limit, places.count > 1, let (name, place) = places.min(by: { $0.value.lastUse < $1.value.lastUse })
      {
        places[name] = nil
        names[place.content] = nil
        bytes -= place.input.picture.pixels.count
      }
    }
  }

  private let limit: Int
  private let state = Mutex(State())

  /// - Parameter limit: bytes of pixels.
  init(limit: Int = 16 << 20) { self.limit = limit }

  /// - Returns: a name that nobody guesses; of a picture that is here already, its own.
  func keep(_ input: PictureInput, of model: String) -> String {
    let content = Content(model: model, picture: input.picture, label: input.label)
    return state.withLock { state in
      if let name = state.names[content] {
        state.use(name)
        return name
      }
      var random = SystemRandomNumberGenerator()
      let name = (0..<4).map { _ in String(UInt32.random(in: (1 << 28)...UInt32.max, using: &random), radix: 16) }
        .joined()
      state.places[name] = Place(content: content, input: input, lastUse: 0)
      state.names[content] = name
      state.bytes += input.picture.pixels.count
      state.use(name)
      state.makeRoom(limit)
      return name
    }
  }

  /// - Returns: nil where there is no such picture of the model, or no more.
  func input(_ name: String, of model: String) -> PictureInput? {
    state.withLock { state in
      guard let place = state.places[name], place.content.model == model else { return nil }
      state.use(name)
      return place.input
    }
  }
}
