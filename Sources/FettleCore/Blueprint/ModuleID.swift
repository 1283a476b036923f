/// The number of a module in its blueprint. It identifies; it says nothing about position.
public struct ModuleID: Hashable, Sendable, Comparable {
  /// The number, from 1.
  public let number: Int

  /// The module of that number.
  public init(_ number: Int) { self.number = number }

  /// By number.
  public static func < (left: ModuleID, right: ModuleID) -> Bool { left.number < right.number }
}

extension ModuleID: ExpressibleByIntegerLiteral, CustomStringConvertible {
  /// The module of that number.
  public init(integerLiteral value: Int) { self.init(value) }

  /// The number.
  public var description: String { String(number) }
}
