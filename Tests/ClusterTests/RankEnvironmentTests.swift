import Testing

@testable import Cluster

@Suite struct RankEnvironmentTests {
  private let torchrun = [
    "RANK": "3", "WORLD_SIZE": "8", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "node1",
    "MASTER_PORT": "29500",
  ]

  @Test func aProcessByItselfHasNone() throws {
    #expect(try RankEnvironment([:]) == nil)
    #expect(try RankEnvironment(["SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "1", "SLURM_NTASKS": "4"]) == nil)
    #expect(try RankEnvironment(["OMPI_COMM_WORLD_SIZE": "1", "OMPI_COMM_WORLD_RANK": "0"]) == nil)
    // A batch script is no step: of its tasks there is one.
    #expect(try RankEnvironment(["SLURM_PROCID": "0", "SLURM_NTASKS": "4", "SLURM_JOB_ID": "7"]) == nil)
  }

  @Test func torchrunsVariables() throws {
    let expected = RankEnvironment(
      rank: 3, size: 8, localRank: 1, localSize: 2, masterAddress: "node1", masterPort: 29500)
    #expect(try RankEnvironment(torchrun) == expected)
    var agent = torchrun
    agent["TORCHELASTIC_USE_AGENT_STORE"] = "True"
    agent["TORCHELASTIC_RESTART_COUNT"] = "2"
    let served = try #require(try RankEnvironment(agent))
    #expect(served.launcherServes && served.attempt == 2)
    #expect(try RankEnvironment(served.variables) == served)
  }

  @Test func slurmsVariables() throws {
    var step = [
      "SLURM_PROCID": "5", "SLURM_LOCALID": "1", "SLURM_NODEID": "2", "SLURM_STEP_NUM_TASKS": "7",
      "SLURM_JOB_ID": "1234",
      "SLURM_STEP_ID": "0", "SLURM_STEP_NODELIST": "gpu[07-09,12],login1", "SLURM_STEP_TASKS_PER_NODE": "2(x2),3",
    ]
    let place = try #require(try RankEnvironment(step))
    #expect((place.rank, place.size, place.localRank, place.localSize) == (5, 7, 1, 3))
    #expect(place.masterAddress == "gpu07")
    #expect((20000..<30000).contains(place.masterPort))
    step["SLURM_PROCID"] = "0"
    #expect(try RankEnvironment(step)?.masterPort == place.masterPort)
    step["SLURM_JOB_ID"] = "1235"
    #expect(try RankEnvironment(step)?.masterPort != place.masterPort)
    step["MASTER_ADDR"] = "10.0.0.1"
    step["MASTER_PORT"] = "4000"
    let named = try #require(try RankEnvironment(step))
    #expect((named.masterAddress, named.masterPort) == ("10.0.0.1", 4000))
  }

  @Test func openMPIsVariables() throws {
    var process = [
      "OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_LOCAL_RANK": "1",
      "OMPI_COMM_WORLD_LOCAL_SIZE": "2", "PMIX_NAMESPACE": "1660944385",
    ]
    let place = try #require(try RankEnvironment(process))
    #expect((place.rank, place.size, place.localRank, place.localSize) == (1, 2, 1, 2))
    #expect(place.masterAddress == "127.0.0.1")
    process["OMPI_COMM_WORLD_LOCAL_SIZE"] = "1"
    #expect(
      message { try RankEnvironment(process) }
        == "the job has processes on several hosts, and mpirun does not say where rank 0 is: set MASTER_ADDR to that host "
        + "(mpirun -x MASTER_ADDR=host ...)")
    process["MASTER_ADDR"] = "node1"
    #expect(try RankEnvironment(process)?.masterAddress == "node1")
  }

  @Test(
    arguments: [
      (
        "WORLD_SIZE", nil,
        "the environment variable RANK is set and WORLD_SIZE is not: set all that a launcher sets, or none"
      ),
      (
        "RANK", nil, "the environment variable WORLD_SIZE is set and RANK is not: set all that a launcher sets, or none"
      ),
      (
        "MASTER_ADDR", nil,
        "the environment variable RANK is set and MASTER_ADDR is not: set all that a launcher sets, or none"
      ),
      ("MASTER_PORT", "70000", "the environment variable MASTER_PORT is \"70000\", expected 1 to 65535"),
      ("RANK", "one", "the environment variable RANK is \"one\", expected 0 to 4294967295"),
      ("RANK", "8", "this process is rank 8 of 8: ranks are 0 to 7"),
    ] as [(String, String?, String)])
  func wrongVariables(_ name: String, _ value: String?, _ expected: String) {
    var variables = torchrun
    variables[name] = value
    #expect(message { try RankEnvironment(variables) } == expected)
  }

  @Test(
    arguments: [
      ("node1", "node1"), ("node1,node2", "node1"), ("node[3-7]", "node3"), ("node[003,5]", "node003"),
      ("a,b[1-2]", "a"),
      ("rack[1-2]n[4-8]", "rack1n4"), ("n[1-2]-ib,m", "n1-ib"), ("", nil), ("n[", nil), ("n[a]", nil),
    ] as [(String, String?)])
  func firstOfNodes(_ list: String, _ first: String?) { #expect(SlurmNodeList.first(of: list) == first) }

  @Test(arguments: [("2(x3),1", [2, 2, 2, 1]), ("4", [4]), ("", []), ("2(x", []), ("x", [])])
  func tasksPerNode(_ list: String, _ counts: [Int]) { #expect(SlurmNodeList.counts(of: list) == counts) }
}

func message(_ body: () throws -> Any?) -> String {
  do { return "\(String(describing: try body()))" } catch { return "\(error)" }
}
