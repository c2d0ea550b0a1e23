import Files

/// An LMDB database, as LMDB 0.9 writes it on 64-bit little-endian machines: the main tree's keys and values, by number in
/// the order of the keys. It is not read through liblmdb, which takes the numbers in a file as they are and ends the process
/// where they are wrong.
///
/// Pages of one size. Pages 0 and 1 each describe a tree, and the younger one holds. A branch page has keys and the numbers of
/// the pages below, a leaf page keys and values, or the numbers of the pages where long values begin. The file stays on the
/// disk; where its leaves are is kept, 16 bytes each.
final class LMDBFile: Sendable {
  private let file: OpenedFile
  private let tree: LMDBTree
  /// The pages of the leaves.
  private let leaves: [Int]
  private let records: PartLookup

  var count: Int { records.count }
  var path: String { file.path }

  /// Walks over the tree and checks all that leaves and branches say.
  ///
  /// - Throws: `DatasetError`, naming the file.
  init(_ path: String) throws {
    file = try OpenedFile.opening(path)
    tree = try LMDBTree(file)
    var (leaves, counts, unvisited) = ([Int](), [Int](), tree.pageCount)
    var stack = tree.root.map { [(page: $0, depth: 1)] } ?? []
    while let (number, depth) = stack.popLast() {
      let page = try LMDBPage(number, of: tree, in: file)
      // A page is below one other; a tree with a loop, or one page in many places, would have no end.
      unvisited -= 1
      guard unvisited >= 0, depth <= LMDBTree.greatestDepth else { throw file.damaged("its pages form no tree") }
      if page.isBranch {
        stack += try (0..<page.count).reversed().map { (try page.child($0), depth + 1) }
      } else {
        for index in 0..<page.count { _ = try page.value(index) }
        leaves.append(number)
        counts.append(page.count)
      }
    }
    (self.leaves, records) = (leaves, PartLookup(counts))
    guard count == tree.recordCount else {
      throw DatasetError.wrongField(
        file: path, field: "number of records", expected: "\(tree.recordCount) by its header", found: "\(count)")
    }
  }

  func record(at index: Int) throws -> (key: [UInt8], value: [UInt8]) {
    let (leaf, place) = records.place(of: index)
    let page = try LMDBPage(leaves[leaf], of: tree, in: file)
    guard !page.isBranch, place < page.count else { throw file.damaged("it changed since it was opened") }
    let (key, value) = (try page.key(place), try page.value(place))
    switch value {
    case .here(let bytes): return (key, bytes)
    case .onPage(let number, let count):
      let bytes = try file.read(at: number * tree.pageBytes, count: LMDBPage.headerBytes + count, field: "pages")
      guard LMDBPage.isOverflow(bytes) else { throw file.damaged("page \(number) holds no long value") }
      return (key, Array(bytes[LMDBPage.headerBytes...]))
    }
  }
}

/// What the younger of a database's first two pages says.
struct LMDBTree {
  let pageBytes: Int
  let pageCount: Int
  /// Nil for an empty tree.
  let root: Int?
  let recordCount: Int

  static let greatestDepth = 32

  init(_ file: OpenedFile) throws {
    struct Meta {
      let pageBytes, root, recordCount, lastPage, transaction: UInt64
      let flags: UInt64

      init(_ file: OpenedFile, at offset: Int) throws {
        let bytes = try? file.read(at: offset, count: 152, field: "header")
        guard let bytes, bytes.integer(at: 16, of: 4) == 0xBEEF_C0DE, bytes.integer(at: 20, of: 4) == 1 else {
          throw file.damaged("it does not begin as an LMDB database of version 1 does")
        }
        pageBytes = bytes.integer(at: 40, of: 4)
        flags = bytes.integer(at: 92, of: 2)
        recordCount = bytes.integer(at: 120, of: 8)
        root = bytes.integer(at: 128, of: 8)
        lastPage = bytes.integer(at: 136, of: 8)
        transaction = bytes.integer(at: 144, of: 8)
      }
    }
    let first = try Meta(file, at: 0)
    guard (256...65536).contains(first.pageBytes), first.pageBytes.nonzeroBitCount == 1 else {
      throw file.damaged("it claims pages of \(first.pageBytes) bytes")
    }
    pageBytes = Int(first.pageBytes)
    let second = try Meta(file, at: pageBytes)
    let meta = second.transaction > first.transaction ? second : first
    guard meta.lastPage < 1 << 40 else {
      throw file.damaged("it claims \(meta.lastPage) as the number of its last page")
    }
    pageCount = Int(meta.lastPage) + 1
    guard pageCount <= file.byteCount / pageBytes else {
      throw DatasetError.truncated(
        file: file.path, field: "pages", expectedBytes: pageCount * pageBytes, foundBytes: file.byteCount)
    }
    guard meta.flags & 4 == 0 else { throw file.damaged("a key may have several values") }
    root = meta.root == .max ? nil : Int(clamping: meta.root)
    recordCount = Int(clamping: meta.recordCount)
  }
}

/// A branch or a leaf of the tree.
struct LMDBPage {
  enum Value {
    case here([UInt8])
    case onPage(Int, count: Int)
  }

  let count: Int
  let isBranch: Bool
  private let number: Int
  private let bytes: [UInt8]
  private let tree: LMDBTree
  private let file: OpenedFile

  static let headerBytes = 16
  private static let nodeBytes = 8

  static func isOverflow(_ bytes: [UInt8]) -> Bool { bytes.integer(at: 10, of: 2) & 4 != 0 }

  init(_ number: Int, of tree: LMDBTree, in file: OpenedFile) throws {
    guard number >= 2, number < tree.pageCount else {
      throw file.damaged("it refers to page \(number), its last is \(tree.pageCount - 1)")
    }
    bytes = try file.read(at: number * tree.pageBytes, count: tree.pageBytes, field: "pages")
    let (flags, end) = (bytes.integer(at: 10, of: 2), Int(bytes.integer(at: 12, of: 2)))
    guard bytes.integer(at: 0, of: 8) == UInt64(number), flags == 1 || flags == 2 else {
      throw file.damaged("page \(number) is neither a branch nor a leaf")
    }
    guard (Self.headerBytes...bytes.count).contains(end), end % 2 == 0 else {
      throw file.damaged("page \(number) has a list of records of \(end - Self.headerBytes) bytes")
    }
    count = (end - Self.headerBytes) / 2
    isBranch = flags == 1
    self.number = number
    self.tree = tree
    self.file = file
  }

  func key(_ index: Int) throws -> [UInt8] {
    let start = try start(of: index)
    return Array(bytes[start + Self.nodeBytes..<start + Self.nodeBytes + keyBytes(start)])
  }

  /// The page below a branch's key.
  func child(_ index: Int) throws -> Int {
    let start = try start(of: index)
    return Int(bytes.integer(at: start, of: 6))
  }

  /// The value beside a leaf's key.
  func value(_ index: Int) throws -> Value {
    let start = try start(of: index)
    let (size, flags) = (Int(bytes.integer(at: start, of: 4)), bytes.integer(at: start + 4, of: 2))
    let valueStart = start + Self.nodeBytes + keyBytes(start)
    guard flags <= 1 else { throw file.damaged("record \(index) of page \(number) is a database of its own") }
    if flags == 0 {
      guard size <= bytes.count - valueStart else { throw outside(index) }
      return .here(Array(bytes[valueStart..<valueStart + size]))
    }
    guard valueStart + 8 <= bytes.count else { throw outside(index) }
    let page = bytes.integer(at: valueStart, of: 8)
    let needed = UInt64(Self.headerBytes + size + tree.pageBytes - 1) / UInt64(tree.pageBytes)
    let pages = UInt64(tree.pageCount)
    guard page >= 2, page < pages, needed <= pages - page else { throw outside(index) }
    return .onPage(Int(page), count: size)
  }

  /// Where a record begins, whose head and key are on the page.
  private func start(of index: Int) throws -> Int {
    let start = Int(bytes.integer(at: Self.headerBytes + 2 * index, of: 2))
    guard start >= Self.headerBytes + 2 * count, start + Self.nodeBytes <= bytes.count,
      start + Self.nodeBytes + keyBytes(start) <= bytes.count
    else { throw outside(index) }
    return start
  }

  private func keyBytes(_ start: Int) -> Int { Int(bytes.integer(at: start + 6, of: 2)) }

  private func outside(_ index: Int) -> DatasetError {
    file.damaged("record \(index) of page \(number) is not within the file's pages")
  }
}

extension OpenedFile {
  fileprivate func damaged(_ reason: String) -> DatasetError { .damagedLMDB(file: path, reason: reason) }
}

extension [UInt8] {
  /// The little-endian integer of `count` bytes.
  fileprivate func integer(at offset: Int, of count: Int) -> UInt64 {
    self[offset..<offset + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}
