/// The types of what requests bring and answers hold.
enum MediaType {
  static let json = "application/json"
  static let problem = "application/problem+json"
  static let png = "image/png"
  static let pictures = [png, "image/jpeg", "image/webp"]
  static let form = "multipart/form-data"
  /// A safetensors file, or an archive.
  static let bytes = "application/octet-stream"
  static let events = "text/event-stream"
}
