import Glibc

/// What is left of a program that crashes.
public enum CrashReports {
  /// Keeps the memory of this program, which holds opened secrets, out of files that a crash leaves
  /// behind. To be said before the first secret is opened; the programs it starts inherit it.
  public static func holdNoMemory() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = 0
    setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
  }
}
