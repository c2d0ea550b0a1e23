/// What a process of a job is doing.
public enum Phase: String, Sendable, CaseIterable {
  case starting
  case reading = "reading images"
  case computing
  case waiting = "waiting for the others"
  case evaluating
  case saving = "writing a checkpoint"
}
