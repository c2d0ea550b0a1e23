import Files
import Foundation
import HTTPTypes
import Hummingbird

/// What is wrong with a request, in one sentence: the body of every answer that is an error (RFC 9457, problem details).
struct Problem: Error, Equatable {
  var status: HTTPResponse.Status
  var detail: String
  /// The field of the request that is to blame, if one is.
  var field: String?
  /// Seconds after which it may be tried again.
  var retryAfter: Int?
  /// Methods that there are, where another was used.
  var allow: String?

  init(_ status: HTTPResponse.Status, _ detail: String, field: String? = nil) {
    self.status = status
    self.detail = printable(detail)
    self.field = field.flatMap { $0.isEmpty ? nil : printable($0, limit: 100) }
  }

  private struct Body: Encodable {
    var type = "about:blank"
    var title: String
    var status: Int
    var detail: String
    var field: String?
  }

  var response: Response {
    let body = Body(title: status.reasonPhrase, status: status.code, detail: detail, field: field)
    var headers: HTTPFields = [.contentType: "application/problem+json"]
    if let retryAfter { headers[.retryAfter] = "\(retryAfter)" }
    if let allow { headers[.allow] = allow }
    if status == .unauthorized { headers[.wwwAuthenticate] = "Bearer" }
    return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: json(body)))
  }
}

/// JSON as all answers are written: numbers that are not finite as text.
func json(_ value: some Encodable) -> ByteBuffer {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  encoder.dateEncodingStrategy = .iso8601
  encoder.nonConformingFloatEncodingStrategy = .convertToString(
    positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
  // What is encoded here are values of this module, all of which JSON can hold.
  return ByteBuffer(data: try! encoder.encode(value))
}
