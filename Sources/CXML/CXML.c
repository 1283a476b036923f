#include "CXML.h"

#include "Loaded.h"

#include "libxml2.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>

static void named(const xmlNs *ns, const xmlChar *name, char *room, size_t size) {
  if (ns != NULL && ns->prefix != NULL)
    snprintf(room, size, "%s:%s", (const char *)ns->prefix, (const char *)name);
  else
    snprintf(room, size, "%s", (const char *)name);
}

static void begin(xmlNodePtr node, fettle_xml_handlers handlers, void *context) {
  char name[1024];
  named(node->ns, node->name, name, sizeof name);
  handlers.start(context, name);
  for (xmlNsPtr ns = node->nsDef; ns != NULL; ns = ns->next) {
    snprintf(name, sizeof name, ns->prefix != NULL ? "xmlns:%s" : "xmlns",
             ns->prefix != NULL ? (const char *)ns->prefix : "");
    handlers.attribute(context, name, ns->href != NULL ? (const char *)ns->href : "");
  }
  for (xmlAttrPtr attribute = node->properties; attribute != NULL; attribute = attribute->next) {
    xmlChar *value = xmlNodeListGetString(node->doc, attribute->children, 1);
    named(attribute->ns, attribute->name, name, sizeof name);
    handlers.attribute(context, name, value != NULL ? (const char *)value : "");
    fettle_xml_free(value);
  }
}

/* Without recursion: a document may be nested as deep as it likes. */
static void walk(xmlNodePtr root, fettle_xml_handlers handlers, void *context) {
  xmlNodePtr node = root;
  while (node != NULL) {
    if (node->type == XML_ELEMENT_NODE) {
      begin(node, handlers, context);
      if (node->children != NULL) {
        node = node->children;
        continue;
      }
      char name[1024];
      named(node->ns, node->name, name, sizeof name);
      handlers.end(context, name);
    } else if ((node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE) &&
               node->content != NULL) {
      handlers.text(context, (const char *)node->content);
    }
    while (node != root && node->next == NULL) {
      node = node->parent;
      if (node->type == XML_ELEMENT_NODE) {
        char name[1024];
        named(node->ns, node->name, name, sizeof name);
        handlers.end(context, name);
      }
    }
    if (node == root)
      return;
    node = node->next;
  }
}

int fettle_xml_read(const char *bytes, size_t count, fettle_xml_handlers handlers, void *context,
                    char *message, size_t room, int *line) {
  *line = 0;
  if (room > 0)
    message[0] = 0;
  if (count > INT_MAX) {
    snprintf(message, room, "it is larger than 2 GB");
    return -1;
  }
  xmlParserCtxtPtr parser = xmlNewParserCtxt();
  if (parser == NULL) {
    snprintf(message, room, "there is no memory");
    return -1;
  }
  xmlDocPtr document = xmlCtxtReadMemory(
      parser, bytes, (int)count, NULL, NULL,
      XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA);
  if (document == NULL) {
    const xmlError *error = xmlCtxtGetLastError(parser);
    if (error != NULL && error->message != NULL) {
      snprintf(message, room, "%s", error->message);
      size_t length = strlen(message);
      while (length > 0 && message[length - 1] == '\n')
        message[--length] = 0;
      *line = error->line;
    } else {
      snprintf(message, room, "it holds no document");
    }
    xmlFreeParserCtxt(parser);
    return -1;
  }
  xmlNodePtr root = xmlDocGetRootElement(document);
  if (root != NULL)
    walk(root, handlers, context);
  xmlFreeDoc(document);
  xmlFreeParserCtxt(parser);
  return 0;
}

void fettle_html_read(const char *bytes, size_t count, fettle_xml_handlers handlers,
                      void *context) {
  if (count == 0 || count > INT_MAX)
    return;
  htmlDocPtr document =
      htmlReadMemory(bytes, (int)count, NULL, "UTF-8",
                     HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING |
                         HTML_PARSE_NONET);
  if (document == NULL)
    return;
  xmlNodePtr root = xmlDocGetRootElement(document);
  if (root != NULL)
    walk(root, handlers, context);
  xmlFreeDoc(document);
}
