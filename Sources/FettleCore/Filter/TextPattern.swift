/// Which texts a condition lets through. Case does not matter unless a text is quoted or a regular
/// expression says otherwise.
public enum TextPattern: Hashable, Sendable {
  /// Texts that contain it.
  case contains(String)
  /// Texts that begin with it.
  case begins(String)
  /// Exactly that text, case included.
  case exactly(String)
  /// That text, in any case.
  case equals(String)
  /// Texts of that shape: `*` stands for any characters, `?` for one.
  case shape(String)
  /// Texts in which the regular expression is found.
  case regular(String, ignoresCase: Bool)

  /// Whether a text is let through. A regular expression that needs too many steps lets nothing
  /// through.
  public func matches(_ text: String) -> Bool {
    switch self {
    case .contains(let part): text.lowercased().contains(part.lowercased())
    case .begins(let start): text.lowercased().hasPrefix(start.lowercased())
    case .exactly(let other): text == other
    case .equals(let other): text == other || text.lowercased() == other.lowercased()
    case .shape(let shape):
      Self.hasShape(Array(text.lowercased())[...], Array(shape.lowercased())[...])
    case .regular(let pattern, let ignoresCase):
      (try? RegularExpression.compiled(
        pattern, RegularExpression.Flags(ignoresCase: ignoresCase)
      ).isFound(in: text)) ?? false
    }
  }

  /// Why a regular expression is none; nil when it is one.
  static func problem(with pattern: String) -> String? {
    do throws(Failure) {
      _ = try RegularExpression.compiled(pattern, RegularExpression.Flags())
      return nil
    } catch { return error.detail.message }
  }

  /// The classic walk: it goes back to the last `*` alone, so that it takes at most the product of
  /// both lengths.
  private static func hasShape(
    _ text: ArraySlice<Character>, _ shape: ArraySlice<Character>
  ) -> Bool {
    var (text, shape) = (text, shape)
    var retry: (text: ArraySlice<Character>, shape: ArraySlice<Character>)?
    while !text.isEmpty || !shape.isEmpty {
      if let wanted = shape.first, wanted == "*" {
        retry = (text, shape)
        shape = shape.dropFirst()
      } else if let wanted = shape.first, let next = text.first, wanted == "?" || wanted == next {
        text = text.dropFirst()
        shape = shape.dropFirst()
      } else if let last = retry, !last.text.isEmpty {
        text = last.text.dropFirst()
        shape = last.shape.dropFirst()
        retry = (text, last.shape)
      } else {
        return false
      }
    }
    return true
  }
}

extension FilterValue {
  /// Which names it lets through: those that contain it, unless it is quoted, has a shape or is a
  /// regular expression.
  var namePattern: TextPattern {
    switch self {
    case .text(let text, isQuoted: true): .exactly(text)
    case .text(let text, isQuoted: false):
      text.contains("*") || text.contains("?") ? .shape(text) : .contains(text)
    case .pattern(let pattern, let ignoresCase): .regular(pattern, ignoresCase: ignoresCase)
    case .compared, .range: .exactly(description)
    }
  }
}
