/// What a layer's parameters are made of and where they are.
public struct TensorOptions: Sendable, Hashable {
  /// The type of the parameters; float32 unless given.
  public var dtype: DType
  /// Where the parameters are; the CPU unless given.
  public var device: Device

  /// Float32 on the CPU unless given.
  public init(_ dtype: DType = .float32, on device: Device = .cpu) {
    self.dtype = dtype
    self.device = device
  }
}
