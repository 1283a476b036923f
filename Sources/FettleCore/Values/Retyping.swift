extension Value {
  /// The value with the types JSON cannot tell put back where `old` had them: a text that spells a
  /// date where a date stood, and the base64 of the very bytes that stood there.
  public func retyped(like old: Value?) -> Value {
    switch (self, old) {
    case (.text(let text), .date?): return Instant(iso8601: text).map(Value.date) ?? self
    case (.text(let text), .buffer(let buffer)?):
      return text.utf8.elementsEqual(buffer.base64.utf8) ? .buffer(buffer) : self
    case (.collection(let fields), .collection(let before)?):
      var fields = fields
      for position in 0..<fields.count {
        fields[at: position] = fields[at: position].retyped(
          like: before[fields.fields[position].name])
      }
      return .collection(fields)
    case (.array(let elements), .array(let before)?):
      return .array(
        elements.enumerated().map { index, element in
          element.retyped(like: before.indices.contains(index) ? before[index] : nil)
        })
    default: return self
    }
  }
}

extension Value {
  /// A whole bundle that takes the place of another: it keeps which of how many that one was, unless
  /// it says so itself. Who writes the data of a bundle anew does not mean its place among others,
  /// which is no data.
  public func keepingPosition(of old: Value?) -> Value {
    guard case .collection(var bundle) = self, let former = old?.collection else { return self }
    for name in ["__IMTINDEX__", "__IMTLENGTH__"] where bundle[name] == nil {
      if let position = former[name] { bundle[name] = position }
    }
    return .collection(bundle)
  }
}
