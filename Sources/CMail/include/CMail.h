#ifndef FETTLE_CMAIL_H
#define FETTLE_CMAIL_H

#include <stddef.h>

/* What an e-mail holds; every text is UTF-8. */
typedef struct {
  /* A header, decoded. */
  void (*header)(void *context, const char *name, const char *value);
  /* An address of the header `name`: `from`, `to`, `cc`, `bcc`, `replyTo`. */
  void (*address)(void *context, const char *name, const char *display, const char *address);
  /* When it was written, in milliseconds since 1970. */
  void (*date)(void *context, long long milliseconds);
  /* The text of the message; is_html says which. */
  void (*text)(void *context, int is_html, const char *bytes, size_t count);
  /* A file that comes with it. */
  void (*attachment)(void *context, const char *file_name, const char *type, const char *cid,
                     const char *bytes, size_t count);
} fettle_mail_handlers;

/* Reads an e-mail.
   Returns 0, or -1 when it is none. */
int fettle_mail_read(const char *bytes, size_t count, fettle_mail_handlers handlers,
                     void *context);

#endif
