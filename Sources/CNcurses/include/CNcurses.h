#ifndef FETTLE_CNCURSES_H
#define FETTLE_CNCURSES_H

#include <stdint.h>

/* What Swift cannot reach in curses: macros, variadic functions and `stdscr`. Every function here
   belongs to the one thread that called fettle_curses_start, except those of the guard. */

/* Attributes of a cell, combined by bits. */
enum {
  FETTLE_BOLD = 1,
  FETTLE_DIM = 2,
  FETTLE_UNDERLINE = 4,
  FETTLE_REVERSE = 8
};

/* What fettle_curses_read gives beside characters. */
enum {
  FETTLE_READ_NOTHING = 0,
  FETTLE_READ_CHARACTER = 1,
  FETTLE_READ_KEY = 2,
  FETTLE_READ_MOUSE = 3,
  /* Something came that means nothing. */
  FETTLE_READ_IGNORED = 4
};

/* What the mouse did: the button as terminals number it (0 left, 64 and 65 the wheel, plus 4, 8 and 16
   for Shift, Alt and Ctrl), and where, counted from 0. */
struct fettle_mouse {
  int button;
  int row;
  int column;
  int is_release;
};

/* Keys, by numbers of our own: those of curses are macros and differ between versions. */
enum {
  FETTLE_KEY_UNKNOWN = 0,
  FETTLE_KEY_UP,
  FETTLE_KEY_DOWN,
  FETTLE_KEY_LEFT,
  FETTLE_KEY_RIGHT,
  FETTLE_KEY_HOME,
  FETTLE_KEY_END,
  FETTLE_KEY_PAGE_UP,
  FETTLE_KEY_PAGE_DOWN,
  FETTLE_KEY_BACKSPACE,
  FETTLE_KEY_DELETE,
  FETTLE_KEY_ENTER,
  FETTLE_KEY_BACK_TAB,
  FETTLE_KEY_WORD_LEFT,
  FETTLE_KEY_WORD_RIGHT,
  FETTLE_KEY_PASTE_BEGIN,
  FETTLE_KEY_PASTE_END,
  FETTLE_KEY_F1,
  FETTLE_KEY_F2,
  FETTLE_KEY_ALT_UP,
  FETTLE_KEY_ALT_DOWN
};

/* Why curses cannot start. */
enum {
  FETTLE_START_OK = 0,
  FETTLE_START_UNKNOWN_TERM = 1,
  FETTLE_START_DUMB_TERM = 2,
  FETTLE_START_FAILED = 3
};

/* Takes over the locale, the terminal and, when it is a terminal too, standard error. */
int fettle_curses_start(int escape_delay_milliseconds);
/* Gives everything back, then prints what was written to standard error meanwhile. */
void fettle_curses_end(void);
/* Whether the locale writes UTF-8. */
int fettle_curses_is_utf8(void);
/* The number of colours, 0 without colour. */
int fettle_curses_colors(void);
/* Prepares the pairs 1 to 7: colour n on the usual background. */
void fettle_curses_use_colors(void);
/* The size the kernel tells, made known to curses. */
void fettle_curses_resize(int *height, int *width);
/* Puts one character with its combining marks; `width` is the number of columns it must take. A
   character of which this terminal thinks otherwise is drawn as question marks. */
void fettle_curses_put(
    int row, int column, const uint32_t *scalars, int count, int width, int attributes, int pair);
/* Shows what was put, with the hardware cursor at a place. */
void fettle_curses_show(int row, int column, int shows_cursor);
/* Forgets what the terminal shows, so that the next fettle_curses_show paints everything. */
void fettle_curses_repaint_all(void);
/* Asks the terminal to tell what the mouse does, or not to. */
void fettle_curses_use_mouse(int on);
/* Asks the terminal to put text, given in base 64, onto its clipboard. */
void fettle_curses_copy(const char *base64);
/* The next piece of input that is there already; which of the two is filled, the result says. */
int fettle_curses_read(uint32_t *value, struct fettle_mouse *mouse);
/* What is typed, in bytes, past curses: what there is within some milliseconds. Gives how many. */
int fettle_curses_read_bytes(uint8_t *bytes, int room, int milliseconds);
/* Puts up to 65,000 bytes that were read past curses where it reads next. */
void fettle_curses_put_back(const uint8_t *bytes, int count);
/* Stops the program as Ctrl-Z does, and takes the terminal over again afterwards. */
void fettle_curses_suspend(void);
/* Hands the terminal to a command of the shell, waits for it, and takes the terminal over again.
   Gives its exit status, 128 and the signal that ended it, or 127. When this program is asked to end
   meanwhile, the terminal is not taken over again: `running` is the process of the command then, and 0
   otherwise. */
int fettle_curses_hand_over(const char *command, int *running);
/* When the terminal was handed over and not taken back: the end of this program gives it back all the
   same, for the other program may not have. */
void fettle_curses_leave_given_back(void);
/* Takes the terminal over again after someone else stopped and continued the program. */
void fettle_curses_resume(void);

/* The width of a character according to the C library; for a test of our own table. */
int fettle_wcwidth(uint32_t scalar);

/* A pipe that neither blocks nor is inherited; 0 when it is open. */
int fettle_open_pipe(int ends[2]);

/* Signals that came in arrive as one byte each on this descriptor: 'W' a new size, 'Z' stop, 'C'
   continued, 'E' an end that was asked for (SIGHUP, SIGTERM), which comes after two seconds by
   itself. */
int fettle_guard_descriptor(void);
/* Gives the terminal back and puts the handlers on that do it on any way this program can end. */
void fettle_guard_install(void);
void fettle_guard_remove(void);

/* Whether a signal asked this program to end. */
int fettle_guard_is_asked_to_end(void);

/* Ends the program by the signal that asked for it, the terminal given back; returns when none did. */
void fettle_guard_end_as_asked(void);

/* Whether the other side of the terminal is gone, given that input was announced and none came. */
int fettle_is_hung_up(int descriptor);
/* Seconds east of UTC at an instant, in the zone of the environment. */
int fettle_zone_offset(int64_t seconds_since_epoch);

#endif
