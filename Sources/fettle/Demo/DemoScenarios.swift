import FettleCore

/// The two scenarios of the demo, as an editor would export them, and what their webhooks received.
struct DemoScenario {
  let blueprint: String
  let bundles: String

  /// Orders from a shop: the customer goes to the CRM; then a router tells the VIP desk and takes
  /// the goods off the stock.
  static func orders(base: String) -> DemoScenario {
    DemoScenario(
      blueprint: #"""
        {"name":"Orders to CRM","flow":[
          {"id":1,"module":"gateway:CustomWebHook","version":1,
           "parameters":{"hook":1,"maxResults":1},"mapper":{},
           "metadata":{"designer":{"x":0,"y":0,"name":"New order"}}},
          {"id":2,"module":"util:SetVariables","version":1,"parameters":{},
           "mapper":{"scope":"roundtrip","variables":[
             {"name":"orderNo","value":"{{1.number}}"},{"name":"total","value":"{{1.total}}"}]},
           "metadata":{"designer":{"x":300,"y":0,"name":"Remember order"}}},
          {"id":3,"module":"http:MakeRequest","version":4,
           "parameters":{"authenticationType":"noAuth"},
           "mapper":{"url":"\#(base)/customers","method":"post","headers":[],"queryParameters":[],
            "contentType":"json","inputMethod":"jsonString",
            "jsonStringBodyContent":"{\"name\": \"{{1.customer.name}}\", \"email\": \"{{1.customer.email}}\"}",
            "parseResponse":true,"stopOnHttpError":true},
           "metadata":{"designer":{"x":600,"y":0,"name":"Create customer"}}},
          {"id":4,"module":"builtin:BasicRouter","version":1,"mapper":null,
           "metadata":{"designer":{"x":900,"y":0}},
           "routes":[
            {"flow":[
              {"id":5,"module":"http:MakeRequest","version":4,
               "parameters":{"authenticationType":"noAuth"},
               "filter":{"name":"total > 100","conditions":[[
                 {"a":"{{1.total}}","o":"number:greater","b":"100"}]]},
               "mapper":{"url":"\#(base)/vip","method":"post","headers":[],"queryParameters":[],
                "contentType":"json","inputMethod":"jsonString",
                "jsonStringBodyContent":"{\"customer\": \"{{3.data.id}}\"}",
                "parseResponse":true,"stopOnHttpError":true},
               "metadata":{"designer":{"x":1200,"y":-150,"name":"Tell VIP desk"}}}]},
            {"flow":[
              {"id":6,"module":"builtin:BasicFeeder","version":1,"parameters":{},
               "mapper":{"array":"{{1.items}}"},
               "metadata":{"designer":{"x":1200,"y":150,"name":"Each item"}}},
              {"id":7,"module":"http:MakeRequest","version":4,
               "parameters":{"authenticationType":"noAuth"},
               "mapper":{"url":"\#(base)/stock/{{6.sku}}","method":"put","headers":[],
                "queryParameters":[],"contentType":"json","inputMethod":"jsonString",
                "jsonStringBodyContent":"{\"take\": {{6.quantity}}}",
                "parseResponse":true,"stopOnHttpError":true},
               "metadata":{"designer":{"x":1500,"y":150,"name":"Take off stock"}}}]}]}],
         "metadata":{"version":1,"instant":true,
          "scenario":{"roundtrips":1,"maxErrors":3,"autoCommit":true,"dlq":true},
          "designer":{"orphans":[]},"zone":"eu1.make.com"}}
        """#,
      bundles: #"""
        [{"number":"A-1041","total":129.90,"customer":{"name":"Grace Hopper","email":"grace@example.org"},
          "items":[{"sku":"TEA-1","quantity":2},{"sku":"MUG-2","quantity":1}]},
         {"number":"A-1042","total":24.00,"customer":{"name":"Ada Lovelace"},
          "items":[{"sku":"TEA-1","quantity":1}]},
         {"number":"A-1043","total":310.10,"customer":{"name":"Edsger Dijkstra","email":"edsger@example.org"},
          "items":[{"sku":"POT-7","quantity":1}]}]
        """#)
  }

  /// Invoices that are fetched from the books and put into the archive.
  static func invoices(base: String) -> DemoScenario {
    DemoScenario(
      blueprint: #"""
        {"name":"Invoice archive","flow":[
          {"id":1,"module":"gateway:CustomWebHook","version":1,
           "parameters":{"hook":2,"maxResults":1},"mapper":{},
           "metadata":{"designer":{"x":0,"y":0,"name":"Invoice booked"}}},
          {"id":2,"module":"http:ActionSendData","version":3,
           "parameters":{"handleErrors":true,"useNewZLibDeCompress":true},
           "mapper":{"url":"\#(base)/invoices/{{1.invoice}}","method":"get","headers":[],"qs":[],
            "bodyType":"","parseResponse":true,"timeout":"","gzip":true,"followRedirect":true,
            "rejectUnauthorized":true},
           "metadata":{"designer":{"x":300,"y":0,"name":"Fetch invoice"}}},
          {"id":3,"module":"json:CreateJSON","version":1,"parameters":{"type":1,"space":""},
           "mapper":{"number":"{{2.data.number}}","total":"{{2.data.total}}","mail":"{{1.mail}}"},
           "metadata":{"designer":{"x":600,"y":0,"name":"Build document"}}},
          {"id":4,"module":"http:ActionSendData","version":3,
           "parameters":{"handleErrors":true,"useNewZLibDeCompress":true},
           "mapper":{"url":"\#(base)/archive/{{1.invoice}}","method":"put","headers":[],"qs":[],
            "bodyType":"raw","contentType":"application/json","data":"{{3.json}}",
            "parseResponse":true,"timeout":"1","gzip":true,"followRedirect":true,
            "rejectUnauthorized":true},
           "metadata":{"designer":{"x":900,"y":0,"name":"Put into archive"}}}],
         "metadata":{"version":1,"instant":true,
          "scenario":{"roundtrips":1,"maxErrors":3,"autoCommit":true,"dlq":true},
          "designer":{"orphans":[]},"zone":"eu1.make.com"}}
        """#,
      bundles: #"""
        [{"invoice":"2026-104","mail":"books@example.org"},
         {"invoice":"2026-105","mail":"books@example.org"},
         {"invoice":"2026-107","mail":"books@example.org"},
         {"invoice":"2026-108","mail":"books@example.org"},
         {"invoice":"2026-109","mail":"books@example.org"},
         {"invoice":"2026-110","mail":"books@example.org"}]
        """#)
  }
}
