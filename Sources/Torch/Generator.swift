import CTorch

/// A stream of random numbers on a device, independent of libtorch's global one.
///
/// ```swift
/// let first = try Tensor.normal([4], using: Generator(seed: 7))
/// let second = try Tensor.normal([4], using: Generator(seed: 7))
/// print(try (first - second).magnitude().maximum().item())  // 0.0
/// ```
public final class Generator {
  let handle: ct_handle

  /// - Parameter seed: on the CPU libtorch uses its low 32 bits.
  public init(seed: UInt64, on device: Device = .cpu) throws {
    var handle = ct_handle()
    try check("generator", ct_generator(device.code, seed, &handle))
    self.handle = handle
  }

  deinit { ct_release_generator(handle) }

  /// The whole state as bytes: setting it goes on with the same numbers.
  public func state() throws -> Tensor { try made("generator state") { ct_generator_state(handle, $0) } }

  /// Goes on from where ``state()`` was taken.
  /// - Parameter state: of a generator on the same kind of device.
  /// - Throws: ``TorchError`` for bytes that are no such state.
  public func setState(_ state: Tensor) throws {
    try check("generator state", [state], ct_set_generator_state(handle, state.handle))
  }
}
