// Gives the terminal back on every way this program can end. Everything a handler calls is
// async-signal-safe: write, read, tcsetattr, dup2, signal, raise.

#define _GNU_SOURCE
#include "CNcurses.h"
#include "fettle_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <termios.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct termios remembered;
static volatile sig_atomic_t has_remembered = 0;
static volatile sig_atomic_t is_active = 0;
static char sequence[1024];
static volatile sig_atomic_t sequence_length = 0;
static int saved_errors = -1;
static int captured_errors = -1;
static int pipe_ends[2] = {-1, -1};
static char alternate_stack[64 * 1024];
static int exit_registered = 0;

static const int fatal_signals[] = {
    SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGABRT, SIGSYS, SIGINT, SIGQUIT, SIGPIPE,
};
enum { FATAL_COUNT = sizeof fatal_signals / sizeof *fatal_signals };
static struct sigaction previous_fatal[FATAL_COUNT];
static const int told_signals[] = {SIGWINCH, SIGTSTP, SIGCONT};
static const char told_letters[] = {'W', 'Z', 'C'};
enum { TOLD_COUNT = sizeof told_signals / sizeof *told_signals };
static struct sigaction previous_told[TOLD_COUNT];
// These leave time to keep what is being typed; the last is the end of that time.
static const int asking_signals[] = {SIGHUP, SIGTERM, SIGALRM};
enum { ASKING_COUNT = sizeof asking_signals / sizeof *asking_signals };
static struct sigaction previous_asking[ASKING_COUNT];
static volatile sig_atomic_t asked_to_end_by = 0;
static int is_installed = 0;

static void write_all(int descriptor, const char *bytes, size_t count) {
  while (count > 0) {
    ssize_t written = write(descriptor, bytes, count);
    if (written < 0) {
      if (errno == EINTR) continue;
      return;
    }
    bytes += written;
    count -= (size_t)written;
  }
}

// Whether the terminal takes anything. Who dies must not wait for one that nobody reads any longer.
static int takes_output(void) {
  struct pollfd state = {.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
  return poll(&state, 1, 200) > 0 && (state.revents & POLLOUT);
}

void fettle_guard_remember(void) {
  if (tcgetattr(STDIN_FILENO, &remembered) == 0) has_remembered = 1;
}

void fettle_guard_restore_settings(void) {
  if (!has_remembered) return;
  // A background process that sets its terminal is stopped by SIGTTOU; a dying one must not be.
  sigset_t blocked, before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTTOU);
  sigprocmask(SIG_BLOCK, &blocked, &before);
  tcsetattr(STDIN_FILENO, takes_output() ? TCSADRAIN : TCSANOW, &remembered);
  sigprocmask(SIG_SETMASK, &before, NULL);
}

void fettle_guard_prepare(const char *text) {
  size_t length = strlen(text);
  if (length > sizeof sequence) length = sizeof sequence;
  memcpy(sequence, text, length);
  sequence_length = (sig_atomic_t)length;
}

void fettle_guard_capture_errors(void) {
  if (saved_errors >= 0 || !isatty(STDERR_FILENO)) return;
  const char *folder = getenv("TMPDIR");
  char path[512] = "/tmp";
  if (folder && strlen(folder) < 400) strcpy(path, folder);
  strcat(path, "/fettle-errors-XXXXXX");
  int file = mkostemp(path, O_CLOEXEC);
  if (file < 0) return;
  unlink(path);
  saved_errors = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
  if (saved_errors < 0) {
    close(file);
    return;
  }
  captured_errors = file;
  dup2(file, STDERR_FILENO);
}

// Whether a byte behind two others is a control character or ends a sequence that is one: C0, DEL, C1,
// and what turns the direction of text round (061C, 200E, 200F, 202A-202E, 2066-2069).
static int drives_terminal(unsigned char first, unsigned char second, unsigned char byte) {
  if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7F) return 1;
  if (second == 0xC2) return byte >= 0x80 && byte < 0xA0;
  if (second == 0xD8) return byte == 0x9C;
  if (first != 0xE2) return 0;
  if (second == 0x80) return byte == 0x8E || byte == 0x8F || (byte >= 0xAA && byte <= 0xAE);
  return second == 0x81 && byte >= 0xA6 && byte <= 0xA9;
}

void fettle_guard_release_errors(void) {
  if (saved_errors < 0) return;
  dup2(saved_errors, STDERR_FILENO);
  close(saved_errors);
  saved_errors = -1;
  int file = captured_errors;
  captured_errors = -1;
  char bytes[4096];
  off_t offset = 0;
  ssize_t count;
  unsigned char before = 0, before_that = 0;
  while ((count = pread(file, bytes, sizeof bytes, offset)) > 0) {
    offset += count;
    // What is replayed may quote a bundle: no byte of it may drive the terminal.
    for (ssize_t i = 0; i < count; i++) {
      unsigned char byte = (unsigned char)bytes[i];
      if (drives_terminal(before_that, before, byte)) bytes[i] = '?';
      before_that = before;
      before = byte;
    }
    write_all(STDERR_FILENO, bytes, (size_t)count);
  }
  close(file);
}

static void give_back(void) {
  if (!is_active) return;
  is_active = 0;
  if (takes_output()) write_all(STDOUT_FILENO, sequence, (size_t)sequence_length);
  fettle_guard_restore_settings();
  fettle_guard_release_errors();
}

void fettle_guard_activate(int on) { is_active = on; }

static void end_by_signal(int number) {
  int before = errno;
  give_back();
  errno = before;
  // Raised again with its usual meaning, so that the status and the core file tell the truth.
  signal(number, SIG_DFL);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, number);
  pthread_sigmask(SIG_UNBLOCK, &only, NULL);
  raise(number);
  _exit(128 + number);
}

static void end_soon(int number) {
  if (pipe_ends[1] < 0) end_by_signal(number);
  if (number == SIGALRM) end_by_signal(asked_to_end_by != 0 ? asked_to_end_by : number);
  // A shell that is hung up hands the signal on, and the kernel sends it too when the shell is gone.
  if (asked_to_end_by != 0) return;
  int before = errno;
  asked_to_end_by = number;
  struct itimerval time = {.it_value = {.tv_sec = 2}};
  setitimer(ITIMER_REAL, &time, NULL);
  write_all(pipe_ends[1], "E", 1);
  errno = before;
}

void fettle_guard_end_as_asked(void) {
  if (asked_to_end_by != 0) end_by_signal(asked_to_end_by);
}

static void tell(int number) {
  int before = errno;
  for (int i = 0; i < TOLD_COUNT; i++) {
    if (told_signals[i] == number) write_all(pipe_ends[1], &told_letters[i], 1);
  }
  errno = before;
}

int fettle_open_pipe(int ends[2]) {
  if (pipe(ends) != 0) return -1;
  for (int i = 0; i < 2; i++) {
    fcntl(ends[i], F_SETFD, FD_CLOEXEC);
    fcntl(ends[i], F_SETFL, O_NONBLOCK);
  }
  return 0;
}

int fettle_guard_descriptor(void) { return pipe_ends[0]; }

void fettle_guard_install(void) {
  if (is_installed) return;
  is_installed = 1;
  if (pipe_ends[0] < 0 && fettle_open_pipe(pipe_ends) != 0) {
    pipe_ends[0] = pipe_ends[1] = -1;
  }
  if (!exit_registered) {
    exit_registered = 1;
    atexit(give_back);
  }
  stack_t stack = {.ss_sp = alternate_stack, .ss_size = sizeof alternate_stack, .ss_flags = 0};
  sigaltstack(&stack, NULL);
  struct sigaction action;
  memset(&action, 0, sizeof action);
  sigfillset(&action.sa_mask);
  action.sa_handler = end_by_signal;
  action.sa_flags = SA_ONSTACK;
  for (int i = 0; i < FATAL_COUNT; i++) sigaction(fatal_signals[i], &action, &previous_fatal[i]);
  action.sa_handler = end_soon;
  action.sa_flags = SA_ONSTACK | SA_RESTART;
  for (int i = 0; i < ASKING_COUNT; i++) {
    sigaction(asking_signals[i], &action, &previous_asking[i]);
  }
  action.sa_handler = tell;
  action.sa_flags = SA_ONSTACK | SA_RESTART;
  for (int i = 0; i < TOLD_COUNT; i++) sigaction(told_signals[i], &action, &previous_told[i]);
}

void fettle_guard_remove(void) {
  if (!is_installed) return;
  is_installed = 0;
  for (int i = 0; i < FATAL_COUNT; i++) sigaction(fatal_signals[i], &previous_fatal[i], NULL);
  for (int i = 0; i < TOLD_COUNT; i++) sigaction(told_signals[i], &previous_told[i], NULL);
  for (int i = 0; i < ASKING_COUNT; i++) sigaction(asking_signals[i], &previous_asking[i], NULL);
}

extern char **environ;

int fettle_guard_is_asked_to_end(void) { return asked_to_end_by != 0; }

// Takes in what the handlers told: size, stop and continuation are looked at again afterwards.
static void take_told(void) {
  char bytes[64];
  while (read(pipe_ends[0], bytes, sizeof bytes) > 0) {
  }
}

int fettle_guard_wait(int child, int *status) {
  // Without a descriptor for the process it is looked at 20 times a second.
  int process = (int)syscall(SYS_pidfd_open, child, 0);
  int has_ended = 0;
  while (!has_ended && asked_to_end_by == 0) {
    int ended = 0;
    pid_t found = waitpid(child, &ended, WNOHANG);
    if (found == child || (found < 0 && errno != EINTR)) {
      *status = found < 0 ? 127 : WIFEXITED(ended) ? WEXITSTATUS(ended) : 128 + WTERMSIG(ended);
      has_ended = 1;
      break;
    }
    struct pollfd states[2] = {
        {.fd = process, .events = POLLIN, .revents = 0},
        {.fd = pipe_ends[0], .events = POLLIN, .revents = 0},
    };
    if (poll(states, 2, process < 0 ? 50 : -1) > 0 && states[1].revents != 0) take_told();
  }
  if (process >= 0) close(process);
  return has_ended;
}

int fettle_guard_spawn(const char *command) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  if (saved_errors >= 0) {
    posix_spawn_file_actions_adddup2(&actions, saved_errors, STDERR_FILENO);
  }
  // The child begins with the usual meaning of every signal.
  sigset_t all, none;
  sigfillset(&all);
  sigemptyset(&none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  char *arguments[] = {"sh", "-c", (char *)command, NULL};
  pid_t child = 0;
  int problem = posix_spawn(&child, "/bin/sh", &actions, &attributes, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return problem != 0 ? 0 : child;
}

int fettle_is_hung_up(int descriptor) {
  struct pollfd state = {.fd = descriptor, .events = POLLIN, .revents = 0};
  if (poll(&state, 1, 0) < 0) return 0;
  if (state.revents & (POLLHUP | POLLERR | POLLNVAL)) return 1;
  int waiting = 0;
  if (!(state.revents & POLLIN)) return 0;
  return ioctl(descriptor, FIONREAD, &waiting) != 0 || waiting == 0;
}

int fettle_zone_offset(int64_t seconds_since_epoch) {
  time_t time = (time_t)seconds_since_epoch;
  struct tm parts;
  return localtime_r(&time, &parts) ? (int)parts.tm_gmtoff : 0;
}
