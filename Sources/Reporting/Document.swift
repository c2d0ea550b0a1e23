/// A report's contents, from which both of its forms are written: a Markdown file with pictures beside it, and one
/// HTML page that holds everything. In texts, `words between backticks` are code.
public struct Document: Sendable {
  public enum Block: Sendable {
    /// Level 2 or deeper; the title is level 1.
    case heading(Int, String)
    case paragraph(String)
    case list([String])
    /// Commands or output, as they are.
    case code(String)
    /// Rows of texts under a header; all but the first column are set to the right.
    case table([String], [[String]])
    case figure(Figure)
  }

  public struct Figure: Sendable {
    public enum Picture: Sendable {
      case svg(String)
      /// The bytes of a PNG file.
      case png([UInt8])
    }

    /// The name of its file, without extension.
    public var name: String
    public var picture: Picture
    /// What is to be seen, in a sentence.
    public var caption: String

    public init(_ name: String, _ picture: Picture, caption: String) {
      self.name = name
      self.picture = picture
      self.caption = caption
    }

    var fileName: String {
      switch picture {
      case .svg: name + ".svg"
      case .png: name + ".png"
      }
    }

    var bytes: [UInt8] {
      switch picture {
      case .svg(let text): [UInt8](text.utf8)
      case .png(let bytes): bytes
      }
    }
  }

  public var title: String
  public var blocks: [Block]

  public init(_ title: String, _ blocks: [Block] = []) {
    self.title = title
    self.blocks = blocks
  }

  public var figures: [Figure] {
    blocks.compactMap { if case .figure(let figure) = $0 { figure } else { nil } }
  }
}
