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
/* Runs a command of the shell on the terminal, with standard error as it was at the start, and waits
   for it. */
int fettle_guard_spawn(const char *command);
/* The terminal settings that were remembered, put back. */
void fettle_guard_restore_settings(void);

#endif
