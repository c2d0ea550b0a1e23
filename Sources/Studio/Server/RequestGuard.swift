import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1

/// Stands between the parser and the server: refuses what is no proper request in the form of all errors, ends connections
/// whose requests do not come, and closes where HTTP says that a connection closes.
final class RequestGuard: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart
  typealias OutboundIn = HTTPServerResponsePart
  typealias OutboundOut = HTTPServerResponsePart

  private struct Unanswered {
    let method: HTTPMethod
    let isHTTP10: Bool
    var closes: Bool
  }

  private let table: ConnectionTable
  private let place: ConnectionTable.Place
  private let headLimit: Duration
  private let metrics: MetricsRegistry

  private var context: ChannelHandlerContext?
  /// Requests that were handed on, the oldest first; clients may send several before the first answer.
  private var unanswered: [Unanswered] = []
  /// Whether the last of them is still coming in.
  private var isReceiving = false
  /// Whether the answer to the first of them has begun.
  private var isAnswering = false
  private var hasHeadBegun = false
  private var headBytes = HeadBytes()
  private var headDeadline: Scheduled<Void>?
  private var isStreaming = false
  private var readingDeadline: Scheduled<Void>?
  /// To be sent behind the answers that are due.
  private var refusal: (problem: Problem, method: HTTPMethod)?
  /// What comes in is read and dropped.
  private var isDeaf = false
  /// What the server writes is dropped.
  private var isMute = false

  /// How long a client may take to read what is there for it, before it is taken for gone.
  private static let readingLimit = TimeAmount.seconds(120)
  /// How long a client may go on sending after the last answer, so that it comes to read it.
  private static let patience = TimeAmount.seconds(1)

  init(_ table: ConnectionTable, _ place: ConnectionTable.Place, headLimit: Duration, metrics: MetricsRegistry) {
    (self.table, self.place, self.headLimit, self.metrics) = (table, place, headLimit, metrics)
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    startHeadClock(context)
  }

  func channelActive(context: ChannelHandlerContext) {
    if case .refused(let reason) = place {
      refuse(crowded(reason), .GET, context)
      context.read()
    }
    context.fireChannelActive()
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    headDeadline?.cancel()
    readingDeadline?.cancel()
    table.remove(context.channel)
    self.context = nil
  }

  // MARK: - Time for a head

  /// Called when bytes have come, before they are parsed.
  func came(_ bytes: ByteBuffer) {
    guard let context, unanswered.isEmpty, !isDeaf else { return }
    headBytes.append(bytes)
    hasHeadBegun = true
    if headDeadline == nil { startHeadClock(context) }
  }

  private func startHeadClock(_ context: ChannelHandlerContext) {
    headDeadline = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(headLimit)) { [self] in
      headDeadline = nil
      guard unanswered.isEmpty, !isDeaf else { return }
      guard hasHeadBegun else { return context.close(promise: nil) }
      let seconds = headLimit.components.seconds
      refuse(Problem(.requestTimeout, "the request's headers did not come within \(seconds) s"), .GET, context)
    }
  }

  private func stopHeadClock() {
    headDeadline?.cancel()
    headDeadline = nil
    hasHeadBegun = false
    headBytes = HeadBytes()
  }

  // MARK: - Requests

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isDeaf else { return }
    switch unwrapInboundIn(data) {
    case .head(let head): receive(head, context)
    case .body: context.fireChannelRead(data)
    case .end:
      isReceiving = false
      table.set(.answering, of: context.channel)
      context.fireChannelRead(data)
    }
  }

  private func receive(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    stopHeadClock()
    var head = head
    head.trimHeaders()
    if let problem = RequestCheck(head: head).problem ?? surplusProblem(head) {
      return refuse(problem, head.method, context)
    }
    let isHTTP10 = head.version == .http1_0
    head.normalize(local: context.channel.localAddress?.ipAddress)
    let closes = isHTTP10 || head.headers[canonicalForm: "Connection"].contains { $0.lowercased() == "close" }
    unanswered.append(Unanswered(method: head.method, isHTTP10: isHTTP10, closes: closes || isSurplus))
    isReceiving = true
    table.set(.receiving, of: context.channel)
    context.fireChannelRead(wrapInboundOut(.head(head)))
  }

  private var isSurplus: Bool { if case .surplus = place { true } else { false } }

  private func surplusProblem(_ head: HTTPRequestHead) -> Problem? {
    guard case .surplus(let reason) = place, head.uri != "/healthz" else { return nil }
    return crowded(reason)
  }

  private func crowded(_ reason: String) -> Problem {
    var problem = Problem(.serviceUnavailable, "\(reason): try again in a while")
    problem.retryAfter = 1
    return problem
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    // Nobody else asks for more.
    if isDeaf { context.read() }
    context.fireChannelReadComplete()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard !isDeaf else { return }
    guard let parserError = error as? HTTPParserError, parserError != .invalidEOFState else {
      return context.fireErrorCaught(error)
    }
    let problem = headBytes.problem(parserError)
    stopHeadClock()
    guard isReceiving else { return refuse(problem, .GET, context) }
    // In the middle of a body that the server waits for.
    isDeaf = true
    if unanswered.count == 1, !isAnswering { send(problem, to: unanswered.removeFirst().method, context) }
    context.fireErrorCaught(error)
  }

  // MARK: - Refusals

  private func refuse(_ problem: Problem, _ method: HTTPMethod, _ context: ChannelHandlerContext) {
    isDeaf = true
    if unanswered.isEmpty { send(problem, to: method, context) } else { refusal = (problem, method) }
  }

  private func send(_ problem: Problem, to method: HTTPMethod, _ context: ChannelHandlerContext) {
    isMute = true
    metrics.increment(
      CountingMiddleware.requests,
      [("route", "none"), ("method", method.rawValue), ("status", "\(problem.status.code)")])
    var headers = HTTPHeaders(problem.headers)
    headers.add(name: "Content-Length", value: "\(problem.content.readableBytes)")
    headers.add(name: "Connection", value: "close")
    let status = HTTPResponseStatus(statusCode: problem.status.code, reasonPhrase: problem.status.reasonPhrase)
    let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    if method != .HEAD { context.write(wrapOutboundOut(.body(.byteBuffer(problem.content))), promise: nil) }
    endAfterWriting(nil, context)
  }

  // MARK: - Answers

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    guard !isMute else {
      promise?.fail(ChannelError.ioOnClosedChannel)
      return
    }
    switch unwrapOutboundIn(data) {
    case .head(let head) where head.status.code >= 200: begin(head, promise, context)
    case .end: end(data, promise, context)
    default: context.write(data, promise: promise)
    }
  }

  private func begin(_ head: HTTPResponseHead, _ promise: EventLoopPromise<Void>?, _ context: ChannelHandlerContext) {
    var head = head
    isAnswering = true
    if let request = unanswered.first {
      let closes = request.closes || head.headers[canonicalForm: "Connection"].contains("close")
      unanswered[0].closes = closes
      if closes { head.headers.replaceOrAdd(name: "Connection", value: "close") }
      // Then the encoder does not cut the body into chunks, which such a client would take for part of it.
      if request.isHTTP10 { head.version = .http1_0 }
    }
    isStreaming = head.headers.first(name: "Content-Type") == MediaType.events
    if isStreaming { table.set(.streaming, of: context.channel) }
    context.write(wrapOutboundOut(.head(head)), promise: promise)
  }

  /// A client that does not read its answer may lose its place, and in the end the connection.
  func channelWritabilityChanged(context: ChannelHandlerContext) {
    readingDeadline?.cancel()
    readingDeadline = nil
    let isWritable = context.channel.isWritable
    if !isWritable {
      readingDeadline = context.eventLoop.assumeIsolated().scheduleTask(in: Self.readingLimit) {
        context.close(promise: nil)
      }
    }
    if !unanswered.isEmpty, !isReceiving {
      table.set(isWritable && !isStreaming ? .answering : .streaming, of: context.channel)
    }
    context.fireChannelWritabilityChanged()
  }

  private func end(_ data: NIOAny, _ promise: EventLoopPromise<Void>?, _ context: ChannelHandlerContext) {
    isAnswering = false
    let closes = unanswered.isEmpty || unanswered.removeFirst().closes
    if closes {
      (isDeaf, isMute) = (true, true)
      return endAfterWriting(promise, context)
    }
    context.write(data, promise: promise)
    guard unanswered.isEmpty else { return }
    if let refusal {
      send(refusal.problem, to: refusal.method, context)
    } else {
      table.set(.waiting, of: context.channel)
    }
  }

  /// Ends the answer and the connection. A client that still sends gets a while to notice, since closing at once could take
  /// the answer from it.
  private func endAfterWriting(_ promise: EventLoopPromise<Void>?, _ context: ChannelHandlerContext) {
    let written = promise ?? context.eventLoop.makePromise()
    written.futureResult.assumeIsolated().whenComplete { _ in
      context.close(mode: .output, promise: nil)
      context.eventLoop.assumeIsolated().scheduleTask(in: Self.patience) { context.close(promise: nil) }
    }
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
  }
}
