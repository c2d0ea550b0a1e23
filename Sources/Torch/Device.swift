import CTorch

/// Where a tensor's memory is and its operations run.
///
/// ```swift
/// let device = Device("cuda").flatMap { $0.isAvailable ? $0 : nil } ?? .cpu
/// let x = try Tensor.zeros([2, 3], on: device)
/// ```
public enum Device: Sendable, Hashable, CustomStringConvertible {
  /// The processor, and the memory of the process.
  case cpu
  /// An NVIDIA GPU, by its number from 0.
  case cuda(Int)
  /// The GPU of an Apple computer, through Metal.
  case mps

  /// Reads `cpu`, `cuda`, `cuda:1` or `mps`; nil for anything else.
  public init?(_ name: String) {
    switch name {
    case "cpu": self = .cpu
    case "cuda": self = .cuda(0)
    case "mps": self = .mps
    default:
      guard name.hasPrefix("cuda:"), let index = Int(name.dropFirst(5)), index >= 0 else { return nil }
      self = .cuda(index)
    }
  }

  /// Whether this libtorch was built for the device and the machine has it.
  public var isAvailable: Bool {
    guard case .cuda(let index) = self else { return ct_device_available(code.kind) }
    return index < Self.cudaCount
  }

  /// NVIDIA GPUs that this libtorch sees.
  public static var cudaCount: Int { Int(ct_cuda_device_count()) }

  /// The most bytes that tensors took of the device's memory since the start or ``resetPeakAllocatedBytes()``; nil where
  /// nobody counts, as on the CPU. It is PyTorch's `torch.cuda.max_memory_allocated`.
  /// - Throws: ``TorchError`` on a device that has not been used yet.
  public func peakAllocatedBytes() throws -> Int? {
    var bytes: Int64 = 0
    try check("peakAllocatedBytes", ct_device_memory_peak(code, &bytes))
    return bytes < 0 ? nil : Int(bytes)
  }

  /// Makes ``peakAllocatedBytes()`` count from what tensors take now.
  /// - Throws: ``TorchError`` on a device that has not been used yet.
  public func resetPeakAllocatedBytes() throws {
    try check("resetPeakAllocatedBytes", ct_reset_device_memory_peak(code))
  }

  public var description: String {
    switch self {
    case .cpu: "cpu"
    case .cuda(let index): "cuda:\(index)"
    case .mps: "mps"
    }
  }

  var code: ct_device {
    switch self {
    case .cpu: ct_device(kind: CT_CPU, index: 0)
    case .cuda(let index): ct_device(kind: CT_CUDA, index: Int32(index))
    case .mps: ct_device(kind: CT_MPS, index: 0)
    }
  }

  init(code: ct_device) {
    switch code.kind {
    case CT_CUDA: self = .cuda(Int(code.index))
    case CT_MPS: self = .mps
    default: self = .cpu
    }
  }
}
