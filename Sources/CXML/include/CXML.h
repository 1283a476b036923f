#ifndef FETTLE_CXML_H
#define FETTLE_CXML_H

#include <stddef.h>

/* What a document holds, told from the start to the end. A name has its prefix. */
typedef struct {
  void (*start)(void *context, const char *name);
  void (*attribute)(void *context, const char *name, const char *value);
  void (*text)(void *context, const char *text);
  void (*end)(void *context, const char *name);
} fettle_xml_handlers;

/* Reads XML. Nothing is fetched: neither from the network nor from files, and entities of the
   document's own are not replaced.
   Returns 0, or -1 with what is wrong and where. */
int fettle_xml_read(const char *bytes, size_t count, fettle_xml_handlers handlers, void *context,
                    char *message, size_t room, int *line);

/* Reads HTML as browsers do: whatever it is, something comes out. */
void fettle_html_read(const char *bytes, size_t count, fettle_xml_handlers handlers, void *context);

#endif
