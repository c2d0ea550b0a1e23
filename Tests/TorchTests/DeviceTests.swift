import Testing
import Torch

@Suite struct DeviceTests {
  @Test func nobodyCountsOnTheCPU() throws {
    try Device.cpu.resetPeakAllocatedBytes()
    #expect(try Device.cpu.peakAllocatedBytes() == nil)
  }

  @Test(.enabled(if: Device.cuda(0).isAvailable)) func peakMemoryIsThatOfTheLargestMoment() throws {
    let device = Device.cuda(0)
    let megabyte = 1 << 20
    let held = try Tensor.zeros([megabyte], .uint8, on: device)
    try device.resetPeakAllocatedBytes()
    let before = try #require(try device.peakAllocatedBytes())
    #expect(before >= megabyte)
    do { _ = try Tensor.zeros([2 * megabyte], .uint8, on: device) }
    _ = try Tensor.zeros([megabyte], .uint8, on: device)
    #expect(try device.peakAllocatedBytes() == before + 2 * megabyte)
    #expect(held.shape == [megabyte])
  }
}
