/* What is used of libxml2. */

#include "CLoading.h"

#include "Loaded.h"

#include "libxml2.h"

static const char *const library[] = {"libxml2.so.2", "libxml2.so", NULL};

FETTLE_LOADED(xmlParserCtxtPtr, xmlNewParserCtxt, (void), ())
FETTLE_LOADED(void, xmlFreeParserCtxt, (xmlParserCtxtPtr parser), (parser))
FETTLE_LOADED(xmlDocPtr, xmlCtxtReadMemory,
              (xmlParserCtxtPtr parser, const char *bytes, int count, const char *url,
               const char *encoding, int options),
              (parser, bytes, count, url, encoding, options))
FETTLE_LOADED(htmlDocPtr, htmlReadMemory,
              (const char *bytes, int count, const char *url, const char *encoding, int options),
              (bytes, count, url, encoding, options))
FETTLE_LOADED(xmlNodePtr, xmlDocGetRootElement, (const xmlDoc *document), (document))
FETTLE_LOADED(xmlChar *, xmlNodeListGetString, (xmlDocPtr document, const xmlNode *list, int inLine),
              (document, list, inLine))
FETTLE_LOADED(xmlErrorPtr, xmlCtxtGetLastError, (void *parser), (parser))
FETTLE_LOADED(void, xmlFreeDoc, (xmlDocPtr document), (document))

void fettle_xml_free(void *memory) {
  /* A variable of the library that holds a function. */
  xmlFreeFunc *release = fettle_loaded(library, "xmlFree");
  (*release)(memory);
}
