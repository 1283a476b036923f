public import FettleCore

/// The modules Fettle brings along. The folder is the app, the file the module, so that
/// `http:MakeRequest` is found by its name.
public enum Connectors {
  /// All of them.
  public static func all(
    transport: Transport = .shared, connections: any ConnectionOpening = NoConnections()
  ) -> [any Module] {
    let authentication = HTTPAuthentication(transport: transport, connections: connections)
    let mail = MailServer(transport: transport, connections: connections)
    let families =
      ActionSendData.all(authentication) + GetFile.all(authentication) + SendEmail.all(mail)
      + MailboxModule.all(mail) + FileModule.all(transport, connections)
      + TriggerNewFile.all(transport, connections) + Invented.all
    return families + [
      MakeRequest(authentication: authentication),
      CustomWebHook(), WebhookRespond(), BasicTrigger(), BasicFeeder(),
      ParseJSON(), CreateJSON(), TransformToJSON(), ParseCSV(), CreateCSV(),
      SetVariable(), SetVariable2(), SetVariables(),
      GetVariable(), GetVariable2(), GetVariables(), ComposeTransformer(),
      FunctionSleep(), FunctionIncrement(), Switcher(), EvaluateExpression(),
      Parser(), AdvancedParser(), Replace(), GetElementsFromText(),
      HTMLToText(), ParseXML(), CreateXML(), TriggerNewEmail(mail: mail),
      AddRecord(), UpdateRecord(), DeleteRecord(), DeleteAllRecords(),
      GetRecord(), ExistRecord(), CountRecord(), SearchRecord(), SearchKeys(),
      ExtractArchive(),
    ]
  }
}
