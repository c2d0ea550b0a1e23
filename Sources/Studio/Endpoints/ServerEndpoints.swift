import Hummingbird
import Inference
import Torch

extension Endpoint {
  static let health = Endpoint("getHealth", .get, "/healthz", isOpen: true, Studio.health) { _ in
    Operation("Whether the server lives", answers: [MediaType.json: .answer(["status": .constant("ok")])])
  }

  static let metrics = Endpoint("getMetrics", .get, "/metrics", Studio.prometheus) { _ in
    Operation("Counters for Prometheus", answers: ["text/plain": .text])
  }
}

extension Studio {
  func health(_ request: Request, _ context: StudioContext) -> Response { Response(json: ["status": "ok"]) }

  func prometheus(_ request: Request, _ context: StudioContext) -> Response {
    let help = [
      CountingMiddleware.requests: "Requests answered; status 499: the client went away.",
      CountingMiddleware.duration: "Time until the answer was ready to be written.",
    ]
    return Response(
      "text/plain; version=0.0.4; charset=utf-8", ByteBuffer(string: metrics.text(help: help, readings)))
  }

  private var readings: [MetricsRegistry.Reading] {
    let (states, work) = (library.loaded.map(\.model.state), library.work)
    var readings: [MetricsRegistry.Reading] = [
      .init(
        name: "glow_images_waiting", help: "Images under way or waiting for a model.", kind: .gauge,
        value: Double(states.reduce(0) { $0 + $1.imagesUnderWay })),
      .init(
        name: "glow_model_batches_total", help: "Passes through the models.", kind: .counter,
        value: Double(work.batches)),
      .init(
        name: "glow_model_images_total", help: "Images in all passes through the models.", kind: .counter,
        value: Double(work.images)),
      .init(name: "glow_models_loaded", help: "Models in memory.", kind: .gauge, value: Double(states.count)),
      .init(name: "glow_tensors", help: "Tensors alive.", kind: .gauge, value: Double(Tensor.liveHandles)),
    ]
    if let bytes = ProcessMemory.resident {
      readings.append(
        .init(
          name: "process_resident_memory_bytes", help: "Memory of the process.", kind: .gauge, value: Double(bytes)))
    }
    return readings
  }
}
