// Real functions for what curses offers as macros, variadic functions and static data.

// Wide cells (setcchar, wget_wch) are hidden without it.
#define _XOPEN_SOURCE_EXTENDED 1
#define _XOPEN_SOURCE 700
#define _DEFAULT_SOURCE 1
#define _GNU_SOURCE 1
#define NCURSES_WIDECHAR 1

#include "CNcurses.h"
#include "fettle_guard.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <term.h>
#include <unistd.h>
#include <wchar.h>

static SCREEN *screen = NULL;
// Curses writes a picture in dozens of pieces, and what reads the terminal may show half of it. It
// writes to a descriptor of its own, which leads to memory while a picture is made; the terminal gets
// the picture in one write.
static FILE *curses_output = NULL;
static int picture = -1;
// Curses reads from a descriptor of its own too: a paste is read past it, in blocks, and what came in
// the last block behind the paste is put where curses reads.
static FILE *curses_input = NULL;
static int rest[2] = {-1, -1};
static int reads_rest = 0;

// Numbers of our own above those of curses for keys it has no name for.
enum {
  CODE_PASTE_BEGIN = KEY_MAX + 1,
  CODE_PASTE_END,
  CODE_WORD_LEFT,
  CODE_WORD_RIGHT,
  CODE_ALT_UP,
  CODE_ALT_DOWN,
  CODE_MOUSE
};

static const char begin_extras[] = "\033[?2004h";
// Presses and the wheel, with positions as decimal numbers: those of the older form end at column 223.
static const char begin_mouse[] = "\033[?1000h\033[?1006h";
static const char end_mouse[] = "\033[?1006l\033[?1000l";
static int uses_mouse = 0;
// Mouse, focus and paste reports, whoever turned them on.
static const char end_extras[] =
    "\033[?2004l\033[?1004l\033[?1006l\033[?1003l\033[?1002l\033[?1000l";

static void write_bytes(const char *bytes, size_t rest) {
  while (rest > 0) {
    ssize_t count = write(STDOUT_FILENO, bytes, rest);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    bytes += count;
    rest -= (size_t)count;
  }
}

static void write_text(const char *text) { write_bytes(text, strlen(text)); }

static void begin_picture(void) {
  if (picture < 0) return;
  if (lseek(picture, 0, SEEK_SET) != 0) return;
  dup3(picture, fileno(curses_output), O_CLOEXEC);
}

static void end_picture(void) {
  if (picture < 0) return;
  off_t size = lseek(picture, 0, SEEK_CUR);
  dup3(STDOUT_FILENO, fileno(curses_output), O_CLOEXEC);
  if (size <= 0) return;
  char small[16 * 1024];
  if ((size_t)size <= sizeof small) {
    if (pread(picture, small, (size_t)size, 0) == size) write_bytes(small, (size_t)size);
    return;
  }
  char *large = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, picture, 0);
  if (large == MAP_FAILED) return;
  write_bytes(large, (size_t)size);
  munmap(large, (size_t)size);
}

static void open_output(void) {
  int descriptor = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10);
  curses_output = descriptor < 0 ? NULL : fdopen(descriptor, "w");
  // Without memory for it the pieces go to the terminal as they come.
  picture = curses_output == NULL ? -1 : memfd_create("fettle-picture", MFD_CLOEXEC);
}

static void close_output(void) {
  if (picture >= 0) close(picture);
  if (curses_output != NULL) fclose(curses_output);
  picture = -1;
  curses_output = NULL;
}

static void open_input(void) {
  int descriptor = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10);
  curses_input = descriptor < 0 ? NULL : fdopen(descriptor, "r");
  if (curses_input == NULL || fettle_open_pipe(rest) != 0) rest[0] = rest[1] = -1;
  reads_rest = 0;
}

static void close_input(void) {
  for (int i = 0; i < 2; i++) {
    if (rest[i] >= 0) close(rest[i]);
    rest[i] = -1;
  }
  if (curses_input != NULL) fclose(curses_input);
  curses_input = NULL;
}

static void read_terminal(void) {
  if (reads_rest) dup3(STDIN_FILENO, fileno(curses_input), O_CLOEXEC);
  reads_rest = 0;
}

static int wait_for_input(int milliseconds) {
  struct pollfd state = {.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  return poll(&state, 1, milliseconds) > 0 && (state.revents & POLLIN);
}

int fettle_curses_read_bytes(uint8_t *bytes, int room, int milliseconds) {
  if (reads_rest) {
    ssize_t count = read(rest[0], bytes, (size_t)room);
    if (count > 0) return (int)count;
    read_terminal();
  }
  if (!wait_for_input(milliseconds)) return 0;
  ssize_t count = read(STDIN_FILENO, bytes, (size_t)room);
  return count > 0 ? (int)count : 0;
}

// Whether bytes end within a key or a character: curses would take the half of it for the whole.
static int ends_within(const uint8_t *bytes, int count) {
  int start = count - 1;
  while (start > 0 && count - start < 32 && bytes[start] != 033) start--;
  if (bytes[start] == 033) {
    int length = count - start;
    if (length == 1) return 1;
    if (bytes[start + 1] == 'O') return length < 3;
    if (bytes[start + 1] == '[') {
      for (int i = start + 2; i < count; i++) {
        if (bytes[i] >= 0x40 && bytes[i] <= 0x7E) return 0;
      }
      return 1;
    }
  }
  for (int i = 1; i <= 3 && i <= count; i++) {
    uint8_t byte = bytes[count - i];
    if (byte < 0x80) return 0;
    if (byte >= 0xC0) return (byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2) > i;
  }
  return 0;
}

void fettle_curses_put_back(const uint8_t *bytes, int count) {
  uint8_t all[64 * 1024];
  if (count <= 0 || rest[1] < 0 || count > (int)sizeof all - 64) return;
  memcpy(all, bytes, (size_t)count);
  for (int i = 0; i < 64 && ends_within(all, count) && wait_for_input(25); i++) {
    if (read(STDIN_FILENO, all + count, 1) != 1) break;
    count++;
  }
  if (write(rest[1], all, (size_t)count) <= 0) return;
  dup3(rest[0], fileno(curses_input), O_CLOEXEC);
  reads_rest = 1;
}

static void append_capability(char *text, size_t room, const char *name) {
  const char *value = tigetstr(name);
  if (value == NULL || value == (const char *)-1) return;
  // Paddings such as $<5> are for tputs; a restore string can do without.
  size_t length = strlen(text);
  for (const char *c = value; *c && length + 1 < room; c++) {
    if (c[0] == '$' && c[1] == '<') {
      while (*c && *c != '>') c++;
      if (!*c) break;
      continue;
    }
    text[length++] = *c;
  }
  text[length] = 0;
}

static int is_xterm_like(void) {
  const char *cup = tigetstr("cup");
  return cup != NULL && cup != (const char *)-1 && strncmp(cup, "\033[", 2) == 0;
}

int fettle_curses_start(int escape_delay_milliseconds) {
  setlocale(LC_CTYPE, "");
  int problem = 0;
  if (setupterm(NULL, STDOUT_FILENO, &problem) == ERR) return FETTLE_START_UNKNOWN_TERM;
  const char *cup = tigetstr("cup");
  if (cup == NULL || cup == (const char *)-1) return FETTLE_START_DUMB_TERM;

  fettle_guard_remember();
  char restore[1024] = "";
  if (is_xterm_like()) strcat(restore, end_extras);
  append_capability(restore, sizeof restore, "sgr0");
  append_capability(restore, sizeof restore, "op");
  append_capability(restore, sizeof restore, "rmkx");
  append_capability(restore, sizeof restore, "cnorm");
  append_capability(restore, sizeof restore, "rmcup");
  strncat(restore, "\r", sizeof restore - strlen(restore) - 1);
  fettle_guard_prepare(restore);
  fettle_guard_install();
  fettle_guard_activate(1);

  open_output();
  open_input();
  screen = newterm(
      NULL, curses_output == NULL ? stdout : curses_output,
      curses_input == NULL ? stdin : curses_input);
  if (screen == NULL) {
    close_output();
    close_input();
    fettle_guard_activate(0);
    fettle_guard_remove();
    return FETTLE_START_FAILED;
  }
  fettle_guard_capture_errors();
  set_escdelay(escape_delay_milliseconds);
  raw();
  noecho();
  nonl();
  keypad(stdscr, TRUE);
  nodelay(stdscr, TRUE);
  // Otherwise curses looks for keys in the middle of a picture, and writes it in pieces to do so.
  typeahead(-1);
  leaveok(stdscr, FALSE);
  idlok(stdscr, FALSE);
  scrollok(stdscr, FALSE);
  define_key("\033[200~", CODE_PASTE_BEGIN);
  define_key("\033[201~", CODE_PASTE_END);
  define_key("\033[1;5D", CODE_WORD_LEFT);
  define_key("\033[1;5C", CODE_WORD_RIGHT);
  define_key("\033[1;3A", CODE_ALT_UP);
  define_key("\033[1;3B", CODE_ALT_DOWN);
  define_key("\033[<", CODE_MOUSE);
  // Reading input refreshes; without this the first read would show an empty screen.
  wnoutrefresh(stdscr);
  if (is_xterm_like()) write_text(begin_extras);
  return FETTLE_START_OK;
}

void fettle_curses_use_mouse(int on) {
  uses_mouse = on && is_xterm_like();
  if (is_xterm_like()) write_text(on ? begin_mouse : end_mouse);
}

void fettle_curses_copy(const char *base64) {
  if (!is_xterm_like()) return;
  write_text("\033]52;c;");
  write_text(base64);
  write_text("\033\\");
}

void fettle_curses_end(void) {
  if (screen == NULL) return;
  endwin();
  if (is_xterm_like()) write_text(end_extras);
  fettle_guard_restore_settings();
  fettle_guard_activate(0);
  fettle_guard_remove();
  fettle_guard_release_errors();
  delscreen(screen);
  close_output();
  close_input();
  screen = NULL;
}

int fettle_curses_is_utf8(void) { return strcmp(nl_langinfo(CODESET), "UTF-8") == 0; }

int fettle_curses_colors(void) { return has_colors() ? tigetnum("colors") : 0; }

void fettle_curses_use_colors(void) {
  start_color();
  short background = use_default_colors() == OK ? -1 : COLOR_BLACK;
  for (short color = 1; color < 8; color++) init_pair(color, color, background);
}

void fettle_curses_resize(int *height, int *width) {
  struct winsize size;
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0) {
    *height = size.ws_row;
    *width = size.ws_col;
    if (LINES != size.ws_row || COLS != size.ws_col) {
      resizeterm(size.ws_row, size.ws_col);
      // What was in the middle of the old picture may be the last cell now, which is never written;
      // and what a terminal keeps of the old picture is its own affair.
      erase();
      clearok(stdscr, TRUE);
    }
  } else {
    getmaxyx(stdscr, *height, *width);
  }
}

void fettle_curses_put(
    int row, int column, const uint32_t *scalars, int count, int width, int attributes, int pair) {
  attr_t style = A_NORMAL;
  if (attributes & FETTLE_BOLD) style |= A_BOLD;
  if (attributes & FETTLE_DIM) style |= A_DIM;
  if (attributes & FETTLE_UNDERLINE) style |= A_UNDERLINE;
  if (attributes & FETTLE_REVERSE) style |= A_REVERSE;
  wchar_t text[CCHARW_MAX + 1] = {0};
  int used = 0;
  for (int i = 0; i < count && used < CCHARW_MAX; i++) {
    int own = wcwidth((wchar_t)scalars[i]);
    if (i == 0 ? own == width : own == 0) text[used++] = (wchar_t)scalars[i];
    if (i == 0 && used == 0) break;
  }
  cchar_t cell;
  if (used > 0 && setcchar(&cell, text, style, (short)pair, NULL) == OK) {
    mvadd_wchnstr(row, column, &cell, 1);
    return;
  }
  wchar_t unknown[2] = {L'?', 0};
  setcchar(&cell, unknown, style, (short)pair, NULL);
  for (int i = 0; i < width; i++) mvadd_wchnstr(row, column + i, &cell, 1);
}

void fettle_curses_show(int row, int column, int shows_cursor) {
  begin_picture();
  curs_set(shows_cursor ? 1 : 0);
  move(row, column);
  wnoutrefresh(stdscr);
  doupdate();
  end_picture();
}

void fettle_curses_repaint_all(void) { clearok(stdscr, TRUE); }

static uint32_t key_of(wint_t code) {
  switch (code) {
    case KEY_UP: return FETTLE_KEY_UP;
    case KEY_DOWN: return FETTLE_KEY_DOWN;
    case KEY_LEFT: return FETTLE_KEY_LEFT;
    case KEY_RIGHT: return FETTLE_KEY_RIGHT;
    case KEY_HOME: return FETTLE_KEY_HOME;
    case KEY_END: return FETTLE_KEY_END;
    case KEY_PPAGE: return FETTLE_KEY_PAGE_UP;
    case KEY_NPAGE: return FETTLE_KEY_PAGE_DOWN;
    case KEY_BACKSPACE: return FETTLE_KEY_BACKSPACE;
    case KEY_DC: return FETTLE_KEY_DELETE;
    case KEY_ENTER: return FETTLE_KEY_ENTER;
    case KEY_BTAB: return FETTLE_KEY_BACK_TAB;
    case KEY_F(1): return FETTLE_KEY_F1;
    case KEY_F(2): return FETTLE_KEY_F2;
    case CODE_PASTE_BEGIN: return FETTLE_KEY_PASTE_BEGIN;
    case CODE_PASTE_END: return FETTLE_KEY_PASTE_END;
    case CODE_WORD_LEFT: return FETTLE_KEY_WORD_LEFT;
    case CODE_WORD_RIGHT: return FETTLE_KEY_WORD_RIGHT;
    case CODE_ALT_UP: return FETTLE_KEY_ALT_UP;
    case CODE_ALT_DOWN: return FETTLE_KEY_ALT_DOWN;
    default: return FETTLE_KEY_UNKNOWN;
  }
}

// The rest of a mouse report: three decimal numbers, then M for a press or m for a release. It came
// with its beginning; what does not follow at once is no report.
static int read_mouse(struct fettle_mouse *mouse) {
  int numbers[3] = {0, 0, 0};
  int position = 0;
  int result = 0;
  timeout(50);
  for (int read = 0; read < 32; read++) {
    wint_t code = 0;
    if (get_wch(&code) != OK) break;
    if (code >= '0' && code <= '9') {
      if (numbers[position] < 100000) numbers[position] = numbers[position] * 10 + (int)(code - '0');
    } else if (code == ';' && position < 2) {
      position++;
    } else {
      result = (code == 'M' || code == 'm') && position == 2;
      mouse->is_release = code == 'm';
      break;
    }
  }
  nodelay(stdscr, TRUE);
  mouse->button = numbers[0];
  mouse->column = numbers[1] - 1;
  mouse->row = numbers[2] - 1;
  return result && mouse->column >= 0 && mouse->row >= 0;
}

int fettle_curses_read(uint32_t *value, struct fettle_mouse *mouse) {
  wint_t code = 0;
  switch (get_wch(&code)) {
    case OK:
      *value = (uint32_t)code;
      return FETTLE_READ_CHARACTER;
    case KEY_CODE_YES:
      if (code == CODE_MOUSE) return read_mouse(mouse) ? FETTLE_READ_MOUSE : FETTLE_READ_IGNORED;
      // Nobody pressed it: resizeterm puts it where keys are read.
      if (code == KEY_RESIZE) return FETTLE_READ_IGNORED;
      *value = key_of(code);
      return FETTLE_READ_KEY;
    default:
      // Behind what was put back comes what the terminal has.
      if (reads_rest) {
        read_terminal();
        return FETTLE_READ_IGNORED;
      }
      return FETTLE_READ_NOTHING;
  }
}

void fettle_curses_suspend(void) {
  def_prog_mode();
  endwin();
  if (is_xterm_like()) write_text(end_extras);
  fettle_guard_restore_settings();
  fettle_guard_activate(0);
  struct sigaction usual, ours;
  memset(&usual, 0, sizeof usual);
  usual.sa_handler = SIG_DFL;
  sigemptyset(&usual.sa_mask);
  sigaction(SIGTSTP, &usual, &ours);
  // A thread that blocks the signal would go on as if nothing had been asked.
  sigset_t stop, before;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTSTP);
  pthread_sigmask(SIG_UNBLOCK, &stop, &before);
  raise(SIGTSTP);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  sigaction(SIGTSTP, &ours, NULL);
  // The shell may have changed the settings meanwhile; those are given back in the end.
  fettle_guard_remember();
  fettle_curses_resume();
}

void fettle_curses_resume(void) {
  fettle_guard_activate(1);
  reset_prog_mode();
  // endwin turned the keypad off; curses would only notice at the next key, decoded wrongly.
  keypad(stdscr, TRUE);
  if (is_xterm_like()) write_text(begin_extras);
  if (uses_mouse) write_text(begin_mouse);
  clearok(stdscr, TRUE);
  begin_picture();
  refresh();
  end_picture();
}

int fettle_wcwidth(uint32_t scalar) { return wcwidth((wchar_t)scalar); }

int fettle_curses_hand_over(const char *command, int *running) {
  *running = 0;
  def_prog_mode();
  endwin();
  if (is_xterm_like()) write_text(end_extras);
  fettle_guard_restore_settings();
  fettle_guard_activate(0);
  // As system() does: what is typed for the other program must not end this one. Ctrl-Z stops both,
  // so that the shell gets the terminal back.
  struct sigaction ignored, usual, interrupt, quit, stop;
  memset(&ignored, 0, sizeof ignored);
  ignored.sa_handler = SIG_IGN;
  sigemptyset(&ignored.sa_mask);
  memset(&usual, 0, sizeof usual);
  usual.sa_handler = SIG_DFL;
  sigemptyset(&usual.sa_mask);
  sigaction(SIGINT, &ignored, &interrupt);
  sigaction(SIGQUIT, &ignored, &quit);
  sigaction(SIGTSTP, &usual, &stop);
  int status = 127;
  int child = fettle_guard_spawn(command);
  if (child != 0 && !fettle_guard_wait(child, &status)) {
    // This program is to end. The terminal is not taken back: who takes it next finds it as the other
    // program leaves it.
    *running = child;
    return status;
  }
  sigaction(SIGINT, &interrupt, NULL);
  sigaction(SIGQUIT, &quit, NULL);
  sigaction(SIGTSTP, &stop, NULL);
  fettle_curses_resume();
  return status;
}

void fettle_curses_leave_given_back(void) { fettle_guard_activate(1); }
