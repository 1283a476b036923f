import FettleTestKit
import Foundation

/// Servers of HTTP, HTTPS, mail and files, and a proxy, that let everybody in and tell back whatever
/// proves who asks: in every form they can think of, in answers, names, headers and refusals.
struct EchoServers {
  static let python = RealServer.installed("python3")
  private let server: RealServer
  let http: UInt16
  let https: UInt16
  let proxy: UInt16
  let smtp: UInt16
  let imap: UInt16
  let ftp: UInt16

  init(in folder: TemporaryFolder, _ certificates: Certificates) async throws {
    let ports = (0..<6).map { _ in RealServer.freePort() }
    (https, proxy, smtp, imap, ftp, http) = (
      ports[0], ports[1], ports[2], ports[3], ports[4], ports[5]
    )
    let script = try folder.file("echo.py", Self.script)
    server = try await RealServer(
      Self.python ?? "", [script, certificates.folder] + ports.map(String.init), port: http,
      in: folder, environment: ["PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": ""])
  }

  /// What the servers were told, a JSON text a line.
  var told: String { server.log }

  private static let script = #"""
    import base64, html, json, re, socket, socketserver, ssl, sys, threading
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
    from urllib.parse import parse_qsl, quote, quote_plus, urlsplit

    def b64(data): return base64.b64encode(data).decode()

    def forms(told):
        data, full = told.encode(), quote(told, safe='')
        return [told, b64(data), base64.urlsafe_b64encode(data).decode().rstrip('='),
                b64(b'ada:' + data), b64(b'x' + data + b'yz'), b64(b'xy' + data), full,
                re.sub('%..', lambda found: found.group().lower(), full), quote_plus(told),
                quote(told, safe="!'()*/+&="), quote(full), json.dumps(told)[1:-1],
                json.dumps(told, ensure_ascii=False)[1:-1], json.dumps(json.dumps(told))[1:-1],
                html.escape(told), data.hex(), data.decode('latin-1')]

    def note(told):
        for text in told: print(json.dumps(text), flush=True)
        return [form for text in told for form in forms(text)]

    class HTTP(BaseHTTPRequestHandler):
        protocol_version = 'HTTP/1.1'
        def log_message(self, *arguments): pass
        def told(self, body):
            values = []
            for name, value in self.headers.items():
                value = value.encode('latin-1').decode('utf-8', 'replace')
                if name.lower() in ('authorization', 'proxy-authorization'):
                    kind, value = value.split(' ', 1)
                    if kind == 'Basic':
                        value = base64.b64decode(value).decode().split(':', 1)[1]
                    values.append(value)
                if name.lower() in ('x-api-key', 'x-token'): values.append(value)
            values += [value for _, value in parse_qsl(urlsplit(self.path).query)]
            values += [value for name, value in parse_qsl(body)
                       if name in ('client_secret', 'refresh_token')]
            return values
        def answer(self):
            body = self.rfile.read(int(self.headers.get('Content-Length') or 0)).decode()
            told = self.told(body)
            lines = note(told)
            path = urlsplit(self.path).path
            if path.endswith('/token'):
                return self.tell(200, {'access_token': 'access-' + told[0], 'expires_in': 3600}, [])
            if 'ok' in path:
                return self.tell(200, {'told': lines, 'names': {line: 1 for line in lines},
                                       'large': 'x' * 35000 + ' '.join(lines) + 'x' * 35000}, lines)
            status = 407 if 'denied' in path else 422
            # The longer message is cut off by whoever keeps it, in the middle of one of the forms.
            self.tell(status, {'message': 'x' * 380 + ' '.join(lines), 'field': ' '.join(lines[:2]),
                               'error': {'details': lines}, 'errors': [{'message': line} for line in lines]},
                      lines)
        def tell(self, status, value, lines):
            data = json.dumps(value).encode()
            self.send_response(status, 'as told ' + (lines[6] if lines else ''))
            self.send_header('Content-Type', 'application/json')
            self.send_header('Content-Length', str(len(data)))
            for place, line in enumerate(lines[:16]):
                line = line.encode().decode('latin-1')
                self.send_header('X-Told-%d' % place, line)
                self.send_header('Set-Cookie', 'told%d=%s' % (place, line))
                self.send_header('Content-Disposition', 'attachment; filename="%s"' % line)
            self.end_headers()
            self.wfile.write(data)
        do_GET = do_POST = answer

    class Lines(socketserver.StreamRequestHandler):
        def say(self, text): self.wfile.write((text + '\r\n').encode())
        def hear(self): return self.rfile.readline().decode().rstrip('\r\n')
        def plain(self, text):
            return base64.b64decode(text).decode().split('\0')[2]

    class SMTP(Lines):
        def handle(self):
            self.say('220 ready')
            lines = []
            while line := self.hear():
                word = line.split(' ')[0].upper()
                if word == 'EHLO': self.say('250-here\r\n250 AUTH PLAIN')
                elif word == 'AUTH':
                    rest = line.split(' ')[2:]
                    if not rest: self.say('334 ')
                    lines = note([self.plain(rest[0] if rest else self.hear())])
                    self.say('235 in: ' + ' '.join(lines))
                elif word == 'RCPT' and 'bad' in line: self.say('550 5.1.1 no: ' + ' '.join(lines))
                elif word == 'DATA':
                    self.say('354 go on')
                    while self.hear() != '.': pass
                    self.say('250 kept: ' + ' '.join(lines))
                elif word == 'QUIT': return self.say('221 bye')
                else: self.say('250 fine')

    class IMAP(Lines):
        def handle(self):
            self.say('* OK ready')
            lines = []
            while line := self.hear():
                tag, word, *rest = line.split(' ')
                if word == 'UID': word = 'UID ' + rest.pop(0)
                if word == 'CAPABILITY': self.say('* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR')
                elif word == 'AUTHENTICATE':
                    if len(rest) < 2: self.say('+ ')
                    lines = note([self.plain(rest[1] if len(rest) > 1 else self.hear())])
                elif word == 'SELECT':
                    if 'bad' in line:
                        self.say(tag + ' NO [CANNOT] not ' + ' '.join(lines))
                        continue
                    self.say('* 1 EXISTS\r\n* OK [UIDVALIDITY 1] valid')
                elif word == 'UID SEARCH': self.say('* SEARCH 7')
                elif word == 'UID FETCH' and 'BODY' in line.upper():
                    text = 'From: a@b\r\nSubject: ' + lines[6] + '\r\n\r\n' + '\r\n'.join(lines)
                    self.say('* 1 FETCH (UID 7 BODY[] {%d}\r\n%s)' % (len(text.encode()), text))
                elif word == 'UID FETCH': self.say('* 1 FETCH (UID 7 FLAGS (\\Seen))')
                elif word == 'LOGOUT': return self.say('* BYE\r\n' + tag + ' OK bye')
                self.say(tag + ' OK fine')

    class FTP(Lines):
        def handle(self):
            self.say('220 ready')
            lines, data = [], None
            while line := self.hear():
                word, _, rest = line.partition(' ')
                if word == 'USER': self.say('331 and the password')
                elif word == 'PASS':
                    lines = note([rest])
                    self.say('230 in: ' + ' '.join(lines))
                elif word == 'PWD': self.say('257 "/"')
                elif word == 'EPSV':
                    data = socket.create_server(('127.0.0.1', 0))
                    self.say('229 Entering (|||%d|)' % data.getsockname()[1])
                elif word == 'MLSD':
                    self.say('150 here it comes')
                    with data.accept()[0] as peer:
                        peer.sendall(('type=file;size=3; a %s\r\n' % ' '.join(lines)).encode())
                    self.say('226 done')
                elif word == 'DELE': self.say('550 no: ' + ' '.join(lines))
                elif word == 'QUIT': return self.say('221 bye')
                else: self.say('200 fine')

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = daemon_threads = True

    folder, (https, proxy, smtp, imap, ftp, http) = sys.argv[1], map(int, sys.argv[2:])
    secure = ThreadingHTTPServer(('127.0.0.1', https), HTTP)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder + '/server.pem', folder + '/server.key')
    context.load_verify_locations(folder + '/ca.pem')
    context.verify_mode = ssl.CERT_REQUIRED
    secure.socket = context.wrap_socket(secure.socket, server_side=True)
    servers = [secure, ThreadingHTTPServer(('127.0.0.1', proxy), HTTP)]
    servers += [Server(('127.0.0.1', port), kind)
                for port, kind in ((smtp, SMTP), (imap, IMAP), (ftp, FTP))]
    servers.append(ThreadingHTTPServer(('127.0.0.1', http), HTTP))
    for server in servers[1:]: threading.Thread(target=server.serve_forever, daemon=True).start()
    servers[0].serve_forever()
    """#
}
