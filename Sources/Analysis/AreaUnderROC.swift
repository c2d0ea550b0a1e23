/// The area under the receiver operating characteristic: the probability that a random positive scores above a random
/// negative, ties counted half (the Mann-Whitney statistic).
/// - Returns: 1 where all positives score higher, 1/2 for scores that tell nothing; nil without a positive or a negative.
func areaUnderROC(_ scores: [Double], isPositive: [Bool]) -> Double? {
  precondition(scores.count == isPositive.count, "\(scores.count) scores for \(isPositive.count) images")
  let positives = isPositive.count { $0 }
  let negatives = isPositive.count - positives
  guard positives > 0, negatives > 0 else { return nil }
  let order = scores.indices.sorted { scores[$0] < scores[$1] }
  var rankSum = 0.0
  var start = 0
  while start < order.count {
    var end = start
    while end < order.count, scores[order[end]] == scores[order[start]] { end += 1 }
    // The ranks of ties, from 1, are their mean.
    let rank = Double(start + end + 1) / 2
    rankSum += rank * Double(order[start..<end].count { isPositive[$0] })
    start = end
  }
  let (p, n) = (Double(positives), Double(negatives))
  return (rankSum - p * (p + 1) / 2) / (p * n)
}
