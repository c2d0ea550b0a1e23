import ArgumentParser
import Cluster
import Dispatch
import Foundation
import Synchronization

struct LaunchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "launch", abstract: "Train in several processes, of this machine or of several.",
    discussion: """
      Each process ("rank") takes its part of every batch; cores are divided among those of one machine, and with \
      --device cuda each takes a GPU. What they print is labeled with their rank. When one fails, all end, and what it \
      said comes last; the status is its own. Ctrl-C and SIGTERM reach all ranks.

      On several machines start it on each:
        glow launch -n 8 --machines 2 --machine 0 --master node0:29500 -- train ...
        glow launch -n 8 --machines 2 --machine 1 --master node0:29500 -- train ...

      Example:
        glow launch -n 2 -- train --preset demo --out runs/two
      """)

  @Option(name: [.customShort("n"), .long], help: "Processes on this machine.")
  var processes: Int
  @Option(help: "How many times to start again from the last checkpoint after a failure.")
  var restarts = 0
  @Flag(help: "Start again without the ranks that failed.")
  var elastic = false
  @Option(help: "With --elastic, the fewest processes to start again with.")
  var least = 1
  @Option(
    help: ArgumentHelp(
      "How long ranks have to end after one has failed, before they are told to, and again before they are killed.",
      valueName: "seconds"))
  var grace = 10.0
  @Option(help: "Machines, each with a launcher of its own.")
  var machines = 1
  @Option(help: "Which of them this is, from 0.")
  var machine = 0
  @Option(
    help: ArgumentHelp(
      "Where machine 0 is reached by the others; without it, there is one machine.", valueName: "address:port"))
  var master: String?
  @Argument(parsing: .postTerminator, help: "The command that each process runs.")
  var command: [String]

  func validate() throws {
    func require(_ condition: Bool, _ sentence: @autoclosure () -> String) throws {
      guard condition else { throw ValidationError(sentence()) }
    }
    try require((1...1024).contains(processes), "-n is \(processes), expected 1 to 1024")
    try require(restarts >= 0, "--restarts is \(restarts), expected 0 or more")
    try require(
      (1...processes).contains(least), "--least is \(least), expected 1 to the \(processes) that there are")
    try require(grace >= 0 && grace <= 3600, "--grace is \(grace), expected 0 to 3600 seconds")
    try require((1...65536).contains(machines), "--machines is \(machines), expected 1 or more")
    try require((0..<machines).contains(machine), "--machine is \(machine), expected 0 to \(machines - 1)")
    try require(
      machines == 1 || master != nil, "--machines \(machines) needs --master, the address and a port of machine 0")
    try require(machines == 1 || !elastic, "--elastic is for the processes of one machine")
    if master != nil { _ = try masterParts() }
    try require(
      ["train", "resume"].contains(command.first),
      "after -- comes the command that each process runs: train or resume, and its flags")
  }

  private func masterParts() throws -> (address: String, port: Int)? {
    guard let master else { return nil }
    let colon = master.lastIndex(of: ":")
    let port = colon.flatMap { Int(master[master.index(after: $0)...]) }
    guard let colon, let port, (1...65535).contains(port), colon > master.startIndex else {
      throw ValidationError("--master is \"\(master)\", expected an address and a port, such as node0:29500")
    }
    return (String(master[..<colon]).trimmingCharacters(in: ["[", "]"]), port)
  }

  func run() throws {
    var options = Launcher.Options()
    options.processes = processes
    options.restarts = restarts
    options.isElastic = elastic
    options.leastProcesses = least
    options.grace = grace
    (options.hosts, options.host) = (machines, machine)
    options.master = try masterParts()
    let writing = Mutex(())
    let launcher = Launcher(URL(filePath: "/proc/self/exe").resolvingSymlinksInPath(), command, options) {
      line, isError in
      writing.withLock { _ in
        (isError ? FileHandle.standardError : .standardOutput).write(Data((line + "\n").utf8))
      }
    }
    let signals = forwardedSignals(to: launcher)
    defer { for source in signals { source.cancel() } }
    let outcome = try launcher.run()
    if let failure = outcome.failure { FileHandle.standardError.write(Data("Error: \(failure)\n".utf8)) }
    if outcome.status != 0 { throw ExitCode(outcome.status) }
  }

  private func forwardedSignals(to launcher: Launcher) -> [any DispatchSourceSignal] {
    let queue = DispatchQueue(label: "signals")
    return [SIGINT, SIGTERM, SIGHUP].map { number in
      // A handler, and not SIG_IGN, which the ranks would inherit.
      signal(number) { _ in }
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler { launcher.forward(signal: number) }
      source.resume()
      return source
    }
  }
}
