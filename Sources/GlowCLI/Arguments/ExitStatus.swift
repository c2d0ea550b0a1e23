/// How `glow` ends, in one place: for help and manual pages. docs/using.md has the same table.
enum ExitStatus {
  static let text = """
    Exit status:
      0    done
      1    bad input: something in a file or a folder, or what cannot be done with it
      2    glow decompress: another model, or a machine that computes otherwise
      3    training: the guards gave up (the loss is not finite, say)
      4    training: a file of the run could not be written
      5    training: another process of the job failed
      64   a wrong request: flags, their values, or places that they name
      130  stopped on request, and saved
    After 3, 4 and 5 the last checkpoint is intact.
    """
}
