public import FettleCore

/// The modules Fettle brings along. The folder is the app, the file the module, so that
/// `http:MakeRequest` is found by its name.
public enum Connectors {
  /// All of them.
  public static func all(
    transport: HTTPTransport = .shared, connections: any ConnectionOpening = NoConnections()
  ) -> [any Module] {
    [
      CustomWebHook(), WebhookRespond(), BasicTrigger(), BasicFeeder(),
      ActionSendData(transport: transport), MakeRequest(transport: transport),
      ParseJSON(), CreateJSON(), TransformToJSON(),
      SetVariable2(), SetVariables(), GetVariable2(), GetVariables(), ComposeTransformer(),
      AddRecord(), UpdateRecord(), DeleteRecord(), DeleteAllRecords(),
      GetRecord(), ExistRecord(), CountRecord(), SearchRecord(),
    ]
  }
}
