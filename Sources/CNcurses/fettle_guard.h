#ifndef FETTLE_GUARD_H
#define FETTLE_GUARD_H

/* Remembers the terminal as it is now. Before curses touches it. */
void fettle_guard_remember(void);
/* What to write to give the terminal back; copied. */
void fettle_guard_prepare(const char *sequence);
/* While on, every way to end the program restores first. */
void fettle_guard_activate(int on);
/* Standard error goes to a file without a name until it is given back. */
void fettle_guard_capture_errors(void);
void fettle_guard_release_errors(void);
/* Starts a command of the shell on the terminal, with standard error as it was at the start. Gives its
   process, 0 when there is none. */
int fettle_guard_spawn(const char *command);
/* Waits for a child of that sort. Gives 1 and its status, or 0 when this program is asked to end
   before. */
int fettle_guard_wait(int child, int *status);
/* The terminal settings that were remembered, put back. */
void fettle_guard_restore_settings(void);

#endif
