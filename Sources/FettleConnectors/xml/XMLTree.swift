import CXML
import FettleCore

/// XML and HTML, read by libxml2.
enum XMLTree {
  /// What one element holds.
  final class Element {
    let name: String
    var attributes: Collection = [:]
    var children: [Node] = []

    init(_ name: String) { self.name = name }
  }

  enum Node {
    case element(Element)
    case text(String)
  }

  /// Why a text is no XML.
  struct Problem: Error {
    let message: String
    let line: Int
  }

  fileprivate final class Builder {
    let root = Element("")
    var open: [Element] = []
    var current: Element { open.last ?? root }
  }

  /// The element a document consists of.
  static func xml(_ bytes: [UInt8]) throws(Problem) -> Element {
    let builder = Builder()
    var message = [CChar](repeating: 0, count: 400)
    var line: Int32 = 0
    let status = bytes.withUnsafeBytes { raw in
      fettle_xml_read(
        raw.baseAddress?.assumingMemoryBound(to: CChar.self), raw.count, handlers,
        Unmanaged.passUnretained(builder).toOpaque(), &message, message.count, &line)
    }
    guard status == 0, case .element(let element)? = builder.root.children.first else {
      let text = String(
        decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      throw Problem(message: text.isEmpty ? "it holds no element" : text, line: Int(line))
    }
    return element
  }

  /// What a page consists of.
  static func html(_ text: String) -> Element {
    let builder = Builder()
    let bytes = Array(text.utf8)
    bytes.withUnsafeBytes { raw in
      fettle_html_read(
        raw.baseAddress?.assumingMemoryBound(to: CChar.self), raw.count, handlers,
        Unmanaged.passUnretained(builder).toOpaque())
    }
    return builder.root
  }

  private static var handlers: fettle_xml_handlers {
    fettle_xml_handlers(
      start: { context, name in
        guard let builder = builder(behind: context), let name else { return }
        let element = Element(String(cString: name))
        builder.current.children.append(.element(element))
        builder.open.append(element)
      },
      attribute: { context, name, value in
        guard let builder = builder(behind: context), let name, let value else { return }
        builder.current.attributes[String(cString: name)] = .text(String(cString: value))
      },
      text: { context, text in
        guard let builder = builder(behind: context), let text else { return }
        builder.current.children.append(.text(String(cString: text)))
      },
      end: { context, _ in
        guard let builder = builder(behind: context), !builder.open.isEmpty else { return }
        builder.open.removeLast()
      })
  }
}

/// What a callback of libxml2 builds on.
private func builder(behind context: UnsafeMutableRawPointer?) -> XMLTree.Builder? {
  context.map { Unmanaged<XMLTree.Builder>.fromOpaque($0).takeUnretainedValue() }
}
