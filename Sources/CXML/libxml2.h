/* What is used of libxml2, as its headers declare it since version 2.0 (libxml/tree.h, parser.h,
   HTMLparser.h, xmlerror.h). Its own headers lie where only a flag finds them, and a package with such
   flags cannot be a dependency of another. */

#ifndef FETTLE_LIBXML2_H
#define FETTLE_LIBXML2_H

typedef unsigned char xmlChar;

typedef enum {
  XML_ELEMENT_NODE = 1,
  XML_TEXT_NODE = 3,
  XML_CDATA_SECTION_NODE = 4
} xmlElementType;

enum {
  XML_PARSE_NOERROR = 1 << 5,
  XML_PARSE_NOWARNING = 1 << 6,
  XML_PARSE_NONET = 1 << 11,
  XML_PARSE_NOCDATA = 1 << 14,
  HTML_PARSE_RECOVER = 1 << 0,
  HTML_PARSE_NOERROR = 1 << 5,
  HTML_PARSE_NOWARNING = 1 << 6,
  HTML_PARSE_NONET = 1 << 11
};

typedef struct _xmlDoc xmlDoc, *xmlDocPtr, *htmlDocPtr;
typedef struct _xmlParserCtxt *xmlParserCtxtPtr;

typedef struct _xmlNs {
  struct _xmlNs *next;
  int type;
  const xmlChar *href;
  const xmlChar *prefix;
} xmlNs, *xmlNsPtr;

/* The fields up to the last one that is read; the library alone makes these. */
typedef struct _xmlNode {
  void *_private;
  xmlElementType type;
  const xmlChar *name;
  struct _xmlNode *children;
  struct _xmlNode *last;
  struct _xmlNode *parent;
  struct _xmlNode *next;
  struct _xmlNode *prev;
  xmlDocPtr doc;
  xmlNs *ns;
  xmlChar *content;
  struct _xmlAttr *properties;
  xmlNs *nsDef;
} xmlNode, *xmlNodePtr;

typedef struct _xmlAttr {
  void *_private;
  xmlElementType type;
  const xmlChar *name;
  struct _xmlNode *children;
  struct _xmlNode *last;
  struct _xmlNode *parent;
  struct _xmlAttr *next;
  struct _xmlAttr *prev;
  xmlDocPtr doc;
  xmlNs *ns;
} xmlAttr, *xmlAttrPtr;

typedef struct _xmlError {
  int domain;
  int code;
  char *message;
  int level;
  char *file;
  int line;
} xmlError, *xmlErrorPtr;

typedef void (*xmlFreeFunc)(void *memory);

xmlParserCtxtPtr xmlNewParserCtxt(void);
void xmlFreeParserCtxt(xmlParserCtxtPtr parser);
xmlDocPtr xmlCtxtReadMemory(xmlParserCtxtPtr parser, const char *bytes, int count, const char *url,
                            const char *encoding, int options);
htmlDocPtr htmlReadMemory(const char *bytes, int count, const char *url, const char *encoding,
                          int options);
xmlNodePtr xmlDocGetRootElement(const xmlDoc *document);
xmlChar *xmlNodeListGetString(xmlDocPtr document, const xmlNode *list, int inLine);
xmlErrorPtr xmlCtxtGetLastError(void *parser);
void xmlFreeDoc(xmlDocPtr document);

#endif
