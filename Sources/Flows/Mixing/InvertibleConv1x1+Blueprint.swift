extension InvertibleConv1x1 {
  func mixBlueprint() throws -> MixBlueprint {
    switch form {
    case .plain(let weight): return .matrix(try weight.floats())
    case .factored(let factors):
      return .factors(
        lower: try factors.lower.floats(), upper: try factors.upper.floats(),
        logDiagonal: try factors.logDiagonal.floats(), sign: try factors.sign.value.elements(),
        order: try factors.permutation.value.elements(Int64.self).map { Int($0) })
    }
  }
}
