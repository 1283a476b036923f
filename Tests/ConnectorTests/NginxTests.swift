import FettleCore
import FettleTestKit
import Foundation
import Testing

private let nginx = RealServer.installed("nginx")

@Suite(
  "HTTP against nginx", .enabled(if: nginx != nil, "nginx is not installed; .ci/install does it"),
  .fewAtOnce)
struct NginxTests {
  let folder: TemporaryFolder
  let certificates: Certificates
  let server: RealServer
  let plain: String
  let secure: String
  let mutual: String

  init() async throws {
    folder = try TemporaryFolder()
    certificates = try await Certificates(in: folder)
    let ports = (0..<3).map { _ in RealServer.freePort() }
    plain = "http://127.0.0.1:\(ports[0])"
    secure = "https://127.0.0.1:\(ports[1])"
    mutual = "https://127.0.0.1:\(ports[2])"
    let path = folder.path
    _ = try folder.file("htpasswd", "ada:{PLAIN}correct horse\n")
    try FileManager.default.createDirectory(
      atPath: path + "/www", withIntermediateDirectories: true)
    _ = try folder.file("www/report.txt", String(repeating: "a line of the report\n", count: 400))
    let configuration = try folder.file(
      "nginx.conf",
      """
      daemon off; master_process off; pid \(path)/pid; error_log \(path)/error.log;
      events { worker_connections 64; }
      http {
        access_log \(path)/access.log; types { text/plain txt; application/json json; }
        client_body_temp_path \(path)/body; proxy_temp_path \(path)/proxy;
        fastcgi_temp_path \(path)/fastcgi; uwsgi_temp_path \(path)/uwsgi;
        scgi_temp_path \(path)/scgi;
        limit_req_zone $binary_remote_addr zone=one:1m rate=1r/m;
        gzip on; gzip_types text/plain; gzip_min_length 100;
        ssl_certificate \(path)/server.pem; ssl_certificate_key \(path)/server.key;
        server {
          listen 127.0.0.1:\(ports[0]); root \(path)/www; client_max_body_size 1k;
          location /closed { auth_basic "closed"; auth_basic_user_file \(path)/htpasswd;
            try_files /report.txt =404; }
          location /limited { limit_req zone=one; limit_req_status 429; try_files /report.txt =404; }
          location /full { return 507; }
          location /away { return 503; }
          location /broken { default_type application/json; return 200 '{"a": '; }
          location /see { return 303 /where; }
          location /keep { return 307 /where; }
          location /where { default_type text/plain;
            return 200 '$request_method $http_authorization $http_x_api_key $content_length'; }
          location /asked { default_type text/plain; return 200 '$args'; }
          location /elsewhere { return 302 \(secure)/where; }
          location /circle { return 302 /circle; }
          location /cut { return 444; }
          location /upload { proxy_pass http://127.0.0.1:\(ports[0])/where; }
        }
        server {
          listen 127.0.0.1:\(ports[1]) ssl;
          location / { default_type text/plain;
            return 200 '$request_method $http_authorization $http_x_api_key'; }
        }
        server {
          listen 127.0.0.1:\(ports[2]) ssl; ssl_client_certificate \(path)/ca.pem;
          ssl_verify_client on;
          location / { default_type text/plain; return 200 '$ssl_client_s_dn'; }
        }
      }
      """)
    server = try await RealServer(
      nginx ?? "", ["-p", path, "-c", configuration, "-e", path + "/early.log"], port: ports[0],
      in: folder)
  }

  private func get(
    _ url: String, _ more: Collection = [:], parameters: Collection = [:],
    connections: TestConnections = TestConnections(), type: String = "http:ActionSendData"
  ) async throws -> Collection? {
    var input: Collection = ["url": .text(url), "method": "get"]
    for field in more.fields { input[field.name] = field.value }
    return try await perform(
      type, input, parameters: parameters, connections: connections
    ).bundles.first
  }

  @Test(
    "what nginx refuses becomes its type",
    arguments: [
      ("/closed", ErrorType.invalidAccessToken, 401), ("/full", .outOfSpace, 507),
      ("/away", .connection, 503), ("/no/such/page", .data, 404),
    ])
  func refusals(path: String, type: ErrorType, status: Int) async {
    let error = await failure(
      "http:MakeRequest", ["url": .text(plain + path), "method": "get"])
    #expect(error?.type == type)
    #expect(error?.statusCode == status)
  }

  @Test("too large, rate limited, cut off, malformed, redirected in circles")
  func more() async throws {
    let large = await failure(
      "http:MakeRequest",
      [
        "url": .text(plain + "/upload"), "method": "post", "contentType": "custom",
        "rawBodyContent": .text(String(repeating: "x", count: 5000)),
      ])
    #expect(large?.type == .maxFileSizeExceeded)
    #expect(large?.statusCode == 413)
    let file = folder.path + "/www/large.bin"
    try Data().write(to: URL(fileURLWithPath: file))
    // It takes no room: 300 MB that were never written.
    try FileHandle(forWritingTo: URL(fileURLWithPath: file)).truncate(atOffset: 300_000_000)
    let answer = await failure("http:DownloadFile", ["url": .text(plain + "/large.bin")])
    #expect(answer?.type == .maxFileSizeExceeded, "\(answer?.message ?? "no failure")")
    let limited = ["url": .text(plain + "/limited"), "method": "get"] as Collection
    _ = await failure("http:MakeRequest", limited)
    #expect(await failure("http:MakeRequest", limited)?.type == .rateLimit)
    let cut = await failure("http:MakeRequest", ["url": .text(plain + "/cut"), "method": "get"])
    #expect(cut?.type == .connection)
    let broken = await failure(
      "http:MakeRequest",
      ["url": .text(plain + "/broken"), "method": "get", "parseResponse": true])
    #expect(broken?.type == .data)
    let circle = await failure(
      "http:MakeRequest", ["url": .text(plain + "/circle"), "method": "get"])
    #expect(circle?.type == .connection)
    #expect(circle?.message.contains("circles") == true)
  }

  @Test("a certificate is trusted when its authority is, and only then")
  func trust() async throws {
    let url = secure + "/"
    let untrusted = await failure("http:ActionSendData", ["url": .text(url), "method": "get"])
    #expect(untrusted?.type == .connection)
    #expect(untrusted?.message.contains("cannot be trusted") == true)
    let ca = Value.text(try certificates.text("ca.pem"))
    #expect(try await get(url, ["ca": ca])?["statusCode"] == 200)
    let foreign = Value.text(try certificates.text("client.pem"))
    #expect(
      await failure("http:ActionSendData", ["url": .text(url), "method": "get", "ca": foreign])?
        .type == .connection)
    #expect(try await get(url, ["rejectUnauthorized": false])?["statusCode"] == 200)
  }

  @Test("basic authentication from a keychain; a wrong password is an InvalidAccessTokenError")
  func basic() async throws {
    let connections = TestConnections(
      [
        "7": Connection(name: "nginx", kind: "basic", settings: ["user": "ada"]),
        "8": Connection(name: "wrong", kind: "basic", settings: ["user": "ada"]),
      ], secrets: ["nginx": ["password": "correct horse"], "wrong": ["password": "hunter2hunter2"]])
    let bundle = try await get(
      plain + "/closed", parameters: ["key": 7, "handleErrors": true], connections: connections,
      type: "http:ActionSendDataBasicAuth")
    #expect(bundle?["statusCode"] == 200)
    let error = await failure(
      "http:ActionSendDataBasicAuth", ["url": .text(plain + "/closed"), "method": "get"],
      parameters: ["key": 8, "handleErrors": true], connections: connections)
    #expect(error?.type == .invalidAccessToken)
    let missing = await failure(
      "http:ActionSendDataBasicAuth", ["url": .text(plain), "method": "get"],
      parameters: ["key": 99, "handleErrors": true], connections: connections)
    #expect(missing?.type == .invalidConfiguration)
  }

  @Test("a client certificate opens what asks for one")
  func clientCertificate() async throws {
    let connection = Connection(
      name: "mutual", kind: "certificate",
      settings: [
        "certificate": .text(certificates.path("client.pem")),
        "ca": .text(certificates.path("ca.pem")),
      ])
    let connections = TestConnections(
      ["5": connection], secrets: ["mutual": ["key": try certificates.text("client.key")]])
    let bundle = try await get(
      mutual + "/", parameters: ["auth": 5, "handleErrors": true], connections: connections,
      type: "http:ActionSendDataClientCertAuth")
    #expect(bundle?["data"] == "CN=ada")
    let ca = Value.text(try certificates.text("ca.pem"))
    let without = await failure(
      "http:ActionSendData", ["url": .text(mutual + "/"), "method": "get", "ca": ca],
      parameters: ["handleErrors": true])
    #expect(without?.type == .data, "nginx answers 400 to a client without a certificate")
    let unusable = TestConnections(
      ["5": connection], secrets: ["mutual": ["key": "no key at all"]])
    let error = await failure(
      "http:ActionSendDataClientCertAuth", ["url": .text(mutual + "/"), "method": "get"],
      parameters: ["auth": 5, "handleErrors": true], connections: unusable)
    #expect(error?.type == .invalidConfiguration)
  }

  @Test("version 4 proves who asks as its authenticationType and its tlsType say")
  func versionFour() async throws {
    let connections = TestConnections(
      [
        "1": Connection(name: "basic", kind: "basic", settings: ["user": "ada"]),
        "2": Connection(name: "header", kind: "api-key", settings: [:]),
        "3": Connection(
          name: "query", kind: "api-key", settings: ["placement": "query", "name": "key"]),
        "4": Connection(name: "bearer", kind: "bearer", settings: [:]),
        "5": Connection(
          name: "mutual", kind: "certificate",
          settings: [
            "certificate": .text(certificates.path("client.pem")),
            "ca": .text(certificates.path("ca.pem")),
          ]),
        "6": Connection(
          name: "own", kind: "certificate", settings: ["ca": .text(certificates.path("ca.pem"))]),
      ],
      secrets: [
        "basic": ["password": "correct horse"], "header": ["key": "sesame-sesame"],
        "query": ["key": "sesame-query"], "bearer": ["token": "sesame-bearer"],
        "mutual": ["key": try certificates.text("client.key")],
      ])
    func ask(_ url: String, _ parameters: Collection) async throws -> Value? {
      let output = try await get(
        url, parameters: parameters, connections: connections, type: "http:MakeRequest")
      return output?["data"]
    }
    let closed = try await ask(
      plain + "/closed", ["authenticationType": "basicAuth", "basicAuthKeychain": 1])
    #expect(closed?.text?.hasPrefix("a line of the report") == true)
    #expect(
      try await ask(plain + "/where", ["authenticationType": "apiKey", "apiKeyKeychain": 2])
        == "GET  ••• ")
    #expect(
      try await ask(plain + "/asked", ["authenticationType": "apiKey", "apiKeyKeychain": 3])
        == "key=•••")
    #expect(
      try await ask(plain + "/where", ["authenticationType": "oAuth", "oAuthKeychain": 4])
        == "GET Bearer •••  ")
    #expect(
      try await ask(mutual + "/", ["tlsType": "mTls", "mTlsCertKeychain": 5]) == "CN=ada")
    #expect(
      try await ask(secure + "/", ["tlsType": "selfSigned", "selfSignedCertKeychain": 6])
        == "GET  ")
    let untrusted = await failure("http:MakeRequest", ["url": .text(secure), "method": "get"])
    #expect(untrusted?.type == .connection)
    let missing = await failure(
      "http:MakeRequest", ["url": .text(plain), "method": "get"],
      parameters: ["authenticationType": "apiKey"], connections: connections)
    #expect(missing?.type == .invalidConfiguration)
  }

  @Test("a file is fetched from a server that only its own authority vouches for, by both versions")
  func trustedFile() async throws {
    let three = try await get(
      secure + "/", ["ca": .text(try certificates.text("ca.pem"))],
      parameters: ["handleErrors": true], type: "http:ActionGetFile")
    #expect(three?["fileSize"] == 5)
    let untrusted = await failure("http:DownloadFile", ["url": .text(secure + "/")])
    #expect(untrusted?.type == .connection)
  }

  @Test("303 becomes a GET without a body, 307 stays what it was; a POST follows only when told to")
  func methods() async throws {
    func send(_ path: String, _ more: Collection = [:]) async throws -> Value? {
      var input: Collection = [
        "url": .text(plain + path), "method": "put", "contentType": "custom",
        "rawBodyContent": "body",
      ]
      for field in more.fields { input[field.name] = field.value }
      return try await perform("http:MakeRequest", input).bundles.first?["data"]
    }
    #expect(try await send("/see") == "GET   ")
    #expect(try await send("/keep") == "PUT   4")
    let three = try await perform(
      "http:ActionSendData",
      ["url": .text(plain + "/see"), "method": "post", "bodyType": "raw", "data": "x"])
    #expect(three.bundles.first?["statusCode"] == 303, "followRedirect is about reading")
    let all = try await perform(
      "http:ActionSendData",
      [
        "url": .text(plain + "/see"), "method": "post", "bodyType": "raw", "data": "x",
        "followAllRedirects": true,
      ])
    #expect(all.bundles.first?["data"] == "GET   ")
  }

  @Test("credentials do not go along to another host, port or scheme")
  func credentials() async throws {
    let connections = TestConnections(
      ["3": Connection(name: "key", kind: "api-key", settings: [:])],
      secrets: ["key": ["key": "sesame-sesame"]])
    let input: Collection = ["rejectUnauthorized": false]
    let here = try await get(
      plain + "/where", input, parameters: ["auth": 3], connections: connections,
      type: "http:ActionSendDataAPIKeyAuth")
    #expect(here?["data"] == "GET  ••• ", "it was sent, and is masked in what comes back")
    let there = try await get(
      plain + "/elsewhere", input, parameters: ["auth": 3], connections: connections,
      type: "http:ActionSendDataAPIKeyAuth")
    #expect(there?["data"] == "GET  ", "nothing arrived elsewhere")
    let header = try await get(
      plain + "/elsewhere",
      [
        "rejectUnauthorized": false,
        "headers": [["name": "Authorization", "value": "Bearer abc"]],
      ])
    #expect(header?["data"] == "GET  ")
  }

  @Test("compressed content is asked for and unpacked; a file has its name and its bytes")
  func file() async throws {
    let text = String(repeating: "a line of the report\n", count: 400)
    #expect(try await get(plain + "/report.txt", ["gzip": true])?["data"] == .text(text))
    let file = try await get(
      plain + "/report.txt?x=1", parameters: ["handleErrors": true], type: "http:ActionGetFile")
    #expect(file?["fileName"] == "report.txt")
    #expect(file?["fileSize"] == .integer(text.utf8.count))
    guard case .buffer(let buffer)? = file?["data"] else {
      Issue.record("no buffer")
      return
    }
    #expect(buffer.bytes == Array(text.utf8))
    let missing = await failure("http:DownloadFile", ["url": .text(plain + "/nothing")])
    #expect(missing?.type == .data)
  }
}
