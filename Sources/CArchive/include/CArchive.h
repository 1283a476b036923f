#ifndef FETTLE_CARCHIVE_H
#define FETTLE_CARCHIVE_H

#include <stddef.h>
#include <stdint.h>

/* Reads archives with libarchive: ZIP, TAR and 7z, and what gzip, bzip2, xz and zstd made of them. */

typedef struct fettle_archive fettle_archive;

/* Whether libarchive is on this machine. */
int fettle_archive_is_there(void);

/* The bytes must stay where they are. NULL where they are no archive, with what is wrong. */
fettle_archive *fettle_archive_open(const void *bytes, size_t count, char *message, size_t room);

/* The next file: 1, or 0 behind the last one, or -1 with what is wrong. Folders and links are left
   out. The path is good until the next call; the time is in seconds since 1970. */
int fettle_archive_next(fettle_archive *archive, const char **path, int64_t *modified,
                        int *is_encrypted, char *message, size_t room);

/* The next bytes of the file: how many, 0 at its end, or -1 with what is wrong. */
long fettle_archive_read(fettle_archive *archive, void *bytes, size_t count, char *message,
                         size_t room);

void fettle_archive_close(fettle_archive *archive);

#endif
