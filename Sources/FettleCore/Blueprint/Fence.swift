/// A blueprint that was copied with the page around it: JSON inside a code fence of Markdown
/// (blueprints 11.1).
enum Fence {
  /// What stands in the first fence, with its line breaks and columns where they were, so that a mistake
  /// in it is found in the file. The bytes as they are where they are no such page.
  static func content(of bytes: [UInt8]) -> [UInt8] {
    let blanks: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D, 0xEF, 0xBB, 0xBF]
    guard let first = bytes.first(where: { !blanks.contains($0) }),
      first != UInt8(ascii: "{"), first != UInt8(ascii: "[")
    else { return bytes }
    var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
    guard let open = lines.firstIndex(where: isFence) else { return bytes }
    let close = lines[(open + 1)...].firstIndex(where: isFence) ?? lines.endIndex
    for index in lines.indices where index <= open || index >= close { lines[index] = [] }
    return Array(lines.joined(separator: [0x0A]))
  }

  private static func isFence(_ line: ArraySlice<UInt8>) -> Bool {
    let text = line.drop { $0 == 0x20 || $0 == 0x09 }
    return text.starts(with: "```".utf8) || text.starts(with: "~~~".utf8)
  }
}
