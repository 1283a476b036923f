// swift-tools-version: 6.2
import PackageDescription

// What leaks through an API must be written `public import`; what is imported indirectly must be
// imported; an existential is written `any`; a warning does not pass.
let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

let package = Package(
  name: "fettle",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "fettle", targets: ["fettle"]),
    .executable(name: "fettled", targets: ["fettled"]),
    .library(name: "FettleEngine", targets: ["FettleEngine", "FettleCore"]),
    .library(name: "FettleConnectors", targets: ["FettleConnectors"]),
    .library(name: "FettleSQLite", targets: ["FettleSQLite"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    // MD5, SHA and HMAC of the expression language, and what is sealed: cryptography is never our own.
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    // The log lines of the daemon.
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    // The server of the daemon: seventy times as fast as FlyingFox, and minutes to build, so nothing
    // but the daemon links it.
    // Its core alone: routes and middleware are not needed.
    .package(
      url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
    // The misbehaving local service of `fettle demo` and of the tests. Light to build.
    .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.1"),
    .package(url: "https://github.com/swiftcsv/SwiftCSV", from: "0.10.0"),
    // Apps that are described in files.
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // System libraries. Each has a small C source: a header-only module map does not link
    // reliably, and the macros and variadic functions of curses and curl need real functions.
    .target(name: "CNcurses", linkerSettings: [.linkedLibrary("ncursesw")]),
    // Regular expressions of blueprints need look-behind and a bound on time: PCRE2 has both.
    .target(name: "CPCRE2", linkerSettings: [.linkedLibrary("pcre2-8")]),
    // HTTP and the other protocols; XML and HTML; the parts, encodings and character sets of e-mail.
    // These are loaded when they are first needed. Linking is what a system library of the package
    // manager does with pkg-config, and where headers lie only flags would say, with which a package
    // cannot be a dependency: the few functions that are used are declared in the targets.
    .target(name: "CLoading"),
    .target(name: "CCurl", dependencies: ["CLoading"]),
    .target(name: "CArchive", dependencies: ["CLoading"]),
    .target(name: "CXML", dependencies: ["CLoading"]),
    .target(name: "CMail", dependencies: ["CLoading"]),
    // Starting programs that inherit no sockets: an extension of the C library.
    .target(name: "CSpawn"),

    .target(
      name: "FettleCore",
      dependencies: ["CPCRE2", .product(name: "Crypto", package: "swift-crypto")],
      swiftSettings: strict),
    .target(name: "FettleEngine", dependencies: ["FettleCore"], swiftSettings: strict),
    .target(
      name: "FettleConnectors",
      dependencies: [
        "FettleCore", "CCurl", "CXML", "CMail", "CArchive",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "SwiftCSV", package: "SwiftCSV"), .product(name: "Yams", package: "Yams"),
      ],
      // The apps that come with Fettle are part of the program: one file to install.
      resources: [.embedInCode("Apps")],
      swiftSettings: strict),
    .target(
      name: "FettleSQLite",
      dependencies: [
        "FettleCore", .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "GRDBSQLite", package: "GRDB.swift"),
      ],
      swiftSettings: strict),
    .target(
      name: "FettleTerminal", dependencies: ["FettleCore", "FettleEngine", "CNcurses"],
      swiftSettings: strict),
    .target(
      name: "FettleService",
      dependencies: [
        "FettleCore", "FettleEngine",
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
        .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "Crypto", package: "swift-crypto"),
      ],
      swiftSettings: strict),
    // What the command and the daemon have in common: the concrete parts, put together.
    .target(
      name: "FettleProgram",
      dependencies: [
        "FettleCore", "FettleEngine", "FettleConnectors", "FettleSQLite", "CSpawn",
        .product(name: "Crypto", package: "swift-crypto"),
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "fettled",
      dependencies: [
        "FettleCore", "FettleEngine", "FettleSQLite", "FettleProgram", "FettleService",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "fettle",
      dependencies: [
        "FettleCore", "FettleEngine", "FettleConnectors", "FettleSQLite", "FettleTerminal",
        "FettleProgram",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        // Its sockets alone: the server beside them links libcurl.
        .product(name: "FlyingSocks", package: "FlyingFox"),
      ],
      swiftSettings: strict,
      // A fixed address, as programs written in Go have: sixty thousand places of the file need not be
      // written to before the first picture, nor kept in memory. A quarter of a start and a megabyte.
      linkerSettings: [
        .unsafeFlags(
          ["-Xclang-linker", "-no-pie"], .when(platforms: [.linux], configuration: .release))
      ]),
    .executableTarget(
      name: "fettle-bench",
      dependencies: [
        "FettleCore", "FettleEngine", "FettleSQLite", "FettleService",
        .product(name: "Logging", package: "swift-log"), "PseudoTerminal",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        // The floors are SQLite itself.
        .product(name: "GRDBSQLite", package: "GRDB.swift"),
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "EmbedTheEngine",
      dependencies: ["FettleCore", "FettleEngine", "FettleConnectors", "FettleSQLite"],
      path: "Sources/Examples/EmbedTheEngine", swiftSettings: strict),

    // A terminal that measures, for tests and benchmark.
    .target(
      name: "PseudoTerminal", dependencies: ["CSpawn"], path: "Tests/PseudoTerminal",
      swiftSettings: strict),
    .target(
      name: "FettleTestKit",
      dependencies: ["FettleCore", "CSpawn"], path: "Tests/FettleTestKit", swiftSettings: strict),
    .testTarget(
      name: "FettleCoreTests", dependencies: ["FettleCore", "FettleTestKit"],
      swiftSettings: strict),
    .testTarget(
      name: "FettleEngineTests",
      dependencies: [
        "FettleCore", "FettleEngine", "FettleConnectors", "FettleSQLite", "FettleTestKit",
      ],
      exclude: ["Week.log"], swiftSettings: strict),
    .testTarget(
      name: "StoreContractTests",
      dependencies: [
        "FettleCore", "FettleSQLite", "FettleTestKit",
        .product(name: "GRDB", package: "GRDB.swift"),
      ], swiftSettings: strict),
    .testTarget(
      name: "ConnectorTests",
      dependencies: ["FettleCore", "FettleConnectors", "FettleTestKit"], swiftSettings: strict),
    .testTarget(
      name: "FettleTerminalTests",
      dependencies: ["FettleCore", "FettleEngine", "FettleTerminal", "FettleTestKit"],
      exclude: ["Frames"], swiftSettings: strict),
    .testTarget(
      name: "FettleServiceTests",
      dependencies: [
        "FettleCore", "FettleEngine", "FettleSQLite", "FettleService", "FettleTestKit",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "EndToEnd",
      dependencies: [
        "FettleCore", "FettleEngine", "FettleProgram", "FettleSQLite", "FettleTerminal",
        "FettleTestKit", "PseudoTerminal", "fettle", "fettled",
        .product(name: "GRDB", package: "GRDB.swift"),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "ProgramTests", dependencies: ["FettleCore", "FettleProgram", "FettleTestKit"],
      swiftSettings: strict),
    .testTarget(name: "ArchitectureTests", swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
