/// What a layer's parameters are made of and where they are.
public struct TensorOptions: Sendable, Hashable {
  public var dtype: DType
  public var device: Device

  public init(_ dtype: DType = .float32, on device: Device = .cpu) {
    self.dtype = dtype
    self.device = device
  }
}
