import Analysis
import ArgumentParser
import Foundation

struct AttributesListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Show the attributes in a file, and how far to trust their directions.",
    discussion: """
      Example:
        glow attributes list runs/faces/attributes.safetensors
      """)

  @Argument(help: "A file from glow attributes fit.", completion: Completions.safetensors) var file: String
  @Flag(help: "Print one JSON object.") var json = false

  struct Report: Encodable {
    var model: String
    var data: String
    var attributes: [AttributeDirections.Attribute]
  }

  func run() throws {
    let directions = try AttributeDirections(contentsOf: URL(filePath: file))
    guard json else {
      print("of model \(directions.model)")
      return printTable(of: directions)
    }
    printJSON(
      try prettyJSON(Report(model: directions.model, data: directions.data, attributes: directions.attributes)))
  }
}
