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
  /// Seconds after which the request may be tried again.
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

  static let schema = Schema.answer(
    ["type": .text, "title": .text, "status": .whole, "detail": .text], optional: ["field": .text]
  ).called("Problem")

  var content: ByteBuffer {
    ByteBuffer(json: Body(title: status.reasonPhrase, status: status.code, detail: detail, field: field))
  }

  var headers: HTTPFields {
    var headers: HTTPFields = [.contentType: MediaType.problem]
    if let retryAfter { headers[.retryAfter] = "\(retryAfter)" }
    if let allow { headers[.allow] = allow }
    if status == .unauthorized { headers[.wwwAuthenticate] = "Bearer" }
    return headers
  }

  var response: Response {
    Response(status: status, headers: headers, body: ResponseBody(byteBuffer: content))
  }
}
