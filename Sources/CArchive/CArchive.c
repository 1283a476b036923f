#define _GNU_SOURCE
#include "CArchive.h"

#include "CLoading.h"

#include <locale.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/types.h>
#include <time.h>

/* What is used of libarchive 3, as archive.h and archive_entry.h declare it. */

struct archive;
struct archive_entry;

enum { ARCHIVE_EOF = 1, ARCHIVE_OK = 0, ARCHIVE_WARN = -20, AE_IFREG = 0100000 };

struct archive *archive_read_new(void);
int archive_read_support_format_zip(struct archive *archive);
int archive_read_support_format_tar(struct archive *archive);
int archive_read_support_format_7zip(struct archive *archive);
int archive_read_support_filter_gzip(struct archive *archive);
int archive_read_support_filter_bzip2(struct archive *archive);
int archive_read_support_filter_xz(struct archive *archive);
int archive_read_support_filter_zstd(struct archive *archive);
int archive_read_open_memory(struct archive *archive, const void *bytes, size_t count);
int archive_read_next_header(struct archive *archive, struct archive_entry **entry);
ssize_t archive_read_data(struct archive *archive, void *bytes, size_t count);
int archive_read_free(struct archive *archive);
const char *archive_error_string(struct archive *archive);
const char *archive_entry_pathname(struct archive_entry *entry);
const char *archive_entry_pathname_utf8(struct archive_entry *entry);
unsigned int archive_entry_filetype(struct archive_entry *entry);
time_t archive_entry_mtime(struct archive_entry *entry);
int archive_entry_is_encrypted(struct archive_entry *entry);

static const char *const library[] = {"libarchive.so.13", "libarchive.so", NULL};

FETTLE_LOADED(struct archive *, archive_read_new, (void), ())
FETTLE_LOADED(int, archive_read_support_format_zip, (struct archive *archive), (archive))
FETTLE_LOADED(int, archive_read_support_format_tar, (struct archive *archive), (archive))
FETTLE_LOADED(int, archive_read_support_format_7zip, (struct archive *archive), (archive))
FETTLE_LOADED(int, archive_read_support_filter_gzip, (struct archive *archive), (archive))
FETTLE_LOADED(int, archive_read_support_filter_bzip2, (struct archive *archive), (archive))
FETTLE_LOADED(int, archive_read_support_filter_xz, (struct archive *archive), (archive))
FETTLE_LOADED(int, archive_read_support_filter_zstd, (struct archive *archive), (archive))
FETTLE_LOADED(int, archive_read_open_memory,
              (struct archive *archive, const void *bytes, size_t count), (archive, bytes, count))
FETTLE_LOADED(int, archive_read_next_header,
              (struct archive *archive, struct archive_entry **entry), (archive, entry))
FETTLE_LOADED(ssize_t, archive_read_data, (struct archive *archive, void *bytes, size_t count),
              (archive, bytes, count))
FETTLE_LOADED(int, archive_read_free, (struct archive *archive), (archive))
FETTLE_LOADED(const char *, archive_error_string, (struct archive *archive), (archive))
FETTLE_LOADED(const char *, archive_entry_pathname, (struct archive_entry *entry), (entry))
FETTLE_LOADED(const char *, archive_entry_pathname_utf8, (struct archive_entry *entry), (entry))
FETTLE_LOADED(unsigned int, archive_entry_filetype, (struct archive_entry *entry), (entry))
FETTLE_LOADED(time_t, archive_entry_mtime, (struct archive_entry *entry), (entry))
FETTLE_LOADED(int, archive_entry_is_encrypted, (struct archive_entry *entry), (entry))

int fettle_archive_is_there(void) { return fettle_loadable(library); }

static struct archive *real(fettle_archive *archive) { return (struct archive *)archive; }

/* Names are converted by way of the locale, which is C in a daemon: its thread has another for as long
   as the library works. */
static locale_t utf8;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static void make_utf8(void) { utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0); }

static locale_t in_utf8(void) {
  pthread_once(&once, make_utf8);
  return uselocale(utf8);
}

static int wrong(struct archive *archive, char *message, size_t room) {
  const char *text = archive_error_string(archive);
  snprintf(message, room, "%s", text != NULL ? text : "it cannot be read");
  return -1;
}

fettle_archive *fettle_archive_open(const void *bytes, size_t count, char *message, size_t room) {
  struct archive *archive = archive_read_new();
  if (archive == NULL) {
    snprintf(message, room, "out of memory");
    return NULL;
  }
  archive_read_support_format_zip(archive);
  archive_read_support_format_tar(archive);
  archive_read_support_format_7zip(archive);
  archive_read_support_filter_gzip(archive);
  archive_read_support_filter_bzip2(archive);
  archive_read_support_filter_xz(archive);
  archive_read_support_filter_zstd(archive);
  if (archive_read_open_memory(archive, bytes, count) != ARCHIVE_OK) {
    wrong(archive, message, room);
    archive_read_free(archive);
    return NULL;
  }
  return (fettle_archive *)archive;
}

int fettle_archive_next(fettle_archive *archive, const char **path, int64_t *modified,
                        int *is_encrypted, char *message, size_t room) {
  struct archive_entry *entry = NULL;
  for (;;) {
    locale_t before = in_utf8();
    int result = archive_read_next_header(real(archive), &entry);
    uselocale(before);
    if (result == ARCHIVE_EOF) return 0;
    if (result < ARCHIVE_WARN) return wrong(real(archive), message, room);
    if (archive_entry_filetype(entry) != AE_IFREG) continue;
    before = in_utf8();
    *path = archive_entry_pathname_utf8(entry);
    /* A name in an encoding that is not known here: its bytes. */
    if (*path == NULL) *path = archive_entry_pathname(entry);
    uselocale(before);
    *modified = archive_entry_mtime(entry);
    *is_encrypted = archive_entry_is_encrypted(entry);
    return 1;
  }
}

long fettle_archive_read(fettle_archive *archive, void *bytes, size_t count, char *message,
                         size_t room) {
  ssize_t result = archive_read_data(real(archive), bytes, count);
  return result >= 0 ? result : wrong(real(archive), message, room);
}

void fettle_archive_close(fettle_archive *archive) { archive_read_free(real(archive)); }
