extension Split {
  /// The distribution of the latent, in numbers of the host's memory.
  public func blueprint() throws -> PriorBlueprint {
    PriorBlueprint(
      convolution: try prior?.blueprint(), embedding: try labels?.blueprint(), isConditional: classes > 0,
      limit: limit?.most)
  }
}

extension LabelEmbedding {
  /// The values, in numbers of the host's memory.
  public func blueprint() throws -> EmbeddingBlueprint { EmbeddingBlueprint(values: try values.floats(), shape: shape) }
}
