#ifndef FETTLE_CSPAWN_H
#define FETTLE_CSPAWN_H

/* Makes a program that is started hold nothing but its standard streams. The sockets of a server are
   not closed by themselves when a program is started: a connection that the server closes, and the
   address it listens at, would live on in the program. Swift does not see the function of the C
   library for it, an extension of GNU.
   - actions: a posix_spawn_file_actions_t; its header would give Swift a second pid_t.
   Returns 0 or the number of an error. */
int fettle_spawn_keeping_streams_only(void *actions);

#endif
