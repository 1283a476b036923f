extension FunctionTable {
  /// expression-language 10.5.
  static let dates: [String: ExpressionFunction] = [
    "formatDate": function(2...3) { call throws(ExpressionError) in
      let date = try call.date(0)
      let zone = call.arguments.count > 2 ? try call.text(2) : call.evaluator.scope.timeZone
      let rules = TimeZoneRules(named: zone) ?? TimeZoneRules(named: call.evaluator.scope.timeZone)
      return .text(
        DateFormat(try call.text(1)).text(
          date, offsetSeconds: rules?.offsetSeconds(at: date) ?? 0))
    },
    "addSeconds": adding(1000), "addMinutes": adding(60_000), "addHours": adding(3_600_000),
  ]

  private static func adding(_ milliseconds: Double) -> ExpressionFunction {
    function(2...2) { call throws(ExpressionError) in
      let date = try call.date(0)
      let sum = Double(date.milliseconds) + (try call.number(1) * milliseconds)
      // The instants an ECMAScript date can be.
      guard sum.magnitude <= 8.64e15 else { throw call.failure("the date is out of range") }
      return .date(Instant(milliseconds: Int64(sum)))
    }
  }
}
