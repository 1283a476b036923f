#include "CMail.h"

#include "gmime.h"
#include <pthread.h>
#include <string.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void initialize(void) { g_mime_init(); }

typedef struct {
  fettle_mail_handlers handlers;
  void *context;
  int has_text;
  int has_html;
} reading;

static void tell_addresses(const reading *reading, const char *name, InternetAddressList *list) {
  if (list == NULL)
    return;
  for (int i = 0; i < internet_address_list_length(list); i++) {
    InternetAddress *address = internet_address_list_get_address(list, i);
    const char *display = internet_address_get_name(address);
    if (INTERNET_ADDRESS_IS_MAILBOX(address)) {
      const char *box = internet_address_mailbox_get_addr((InternetAddressMailbox *)address);
      reading->handlers.address(reading->context, name, display != NULL ? display : "",
                                box != NULL ? box : "");
    } else if (INTERNET_ADDRESS_IS_GROUP(address)) {
      tell_addresses(reading, name,
                     internet_address_group_get_members((InternetAddressGroup *)address));
    }
  }
}

static void tell_content(const reading *reading, GMimePart *part, int is_html, int is_text) {
  const char *name = g_mime_part_get_filename(part);
  GMimeContentType *type = g_mime_object_get_content_type((GMimeObject *)part);
  if (is_text) {
    char *text = g_mime_text_part_get_text((GMimeTextPart *)part);
    if (text != NULL)
      reading->handlers.text(reading->context, is_html, text, strlen(text));
    g_free(text);
    return;
  }
  GMimeStream *stream = g_mime_stream_mem_new();
  GMimeDataWrapper *content = g_mime_part_get_content(part);
  if (content != NULL)
    g_mime_data_wrapper_write_to_stream(content, stream);
  GByteArray *bytes = g_mime_stream_mem_get_byte_array((GMimeStreamMem *)stream);
  char *mime = g_mime_content_type_get_mime_type(type);
  const char *cid = g_mime_object_get_content_id((GMimeObject *)part);
  reading->handlers.attachment(reading->context, name != NULL ? name : "", mime != NULL ? mime : "",
                               cid != NULL ? cid : "", (const char *)bytes->data, bytes->len);
  g_free(mime);
  g_object_unref(stream);
}

static void walk(GMimeObject *object, reading *reading, int depth) {
  if (object == NULL || depth > 32)
    return;
  if (GMIME_IS_MULTIPART(object)) {
    GMimeMultipart *parts = (GMimeMultipart *)object;
    for (int i = 0; i < g_mime_multipart_get_count(parts); i++)
      walk(g_mime_multipart_get_part(parts, i), reading, depth + 1);
    return;
  }
  if (GMIME_IS_MESSAGE_PART(object)) {
    /* A message inside of the message is handed on as a file. */
    GMimeMessage *inner = g_mime_message_part_get_message((GMimeMessagePart *)object);
    char *text = inner != NULL ? g_mime_object_to_string((GMimeObject *)inner, NULL) : NULL;
    if (text != NULL)
      reading->handlers.attachment(reading->context, "message.eml", "message/rfc822", "", text,
                                   strlen(text));
    g_free(text);
    return;
  }
  if (!GMIME_IS_PART(object))
    return;
  GMimePart *part = (GMimePart *)object;
  GMimeContentDisposition *disposition = g_mime_object_get_content_disposition(object);
  int is_attached =
      g_mime_part_get_filename(part) != NULL ||
      (disposition != NULL && g_ascii_strcasecmp(g_mime_content_disposition_get_disposition(
                                                     disposition),
                                                 "attachment") == 0);
  GMimeContentType *type = g_mime_object_get_content_type(object);
  int is_html = g_mime_content_type_is_type(type, "text", "html");
  int *known = is_html ? &reading->has_html : &reading->has_text;
  int is_text = GMIME_IS_TEXT_PART(object) && !is_attached && !*known &&
                (is_html || g_mime_content_type_is_type(type, "text", "*"));
  if (is_text)
    *known = 1;
  tell_content(reading, part, is_html, is_text);
}

int fettle_mail_read(const char *bytes, size_t count, fettle_mail_handlers handlers,
                     void *context) {
  pthread_once(&once, initialize);
  GMimeStream *stream = g_mime_stream_mem_new_with_buffer(bytes, count);
  GMimeParser *parser = g_mime_parser_new_with_stream(stream);
  GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
  g_object_unref(parser);
  g_object_unref(stream);
  if (message == NULL)
    return -1;
  reading reading = {handlers, context, 0, 0};
  GMimeHeaderList *headers = g_mime_object_get_header_list((GMimeObject *)message);
  for (int i = 0; i < g_mime_header_list_get_count(headers); i++) {
    GMimeHeader *header = g_mime_header_list_get_header_at(headers, i);
    const char *value = g_mime_header_get_value(header);
    handlers.header(context, g_mime_header_get_name(header), value != NULL ? value : "");
  }
  tell_addresses(&reading, "from", g_mime_message_get_from(message));
  tell_addresses(&reading, "to", g_mime_message_get_to(message));
  tell_addresses(&reading, "cc", g_mime_message_get_cc(message));
  tell_addresses(&reading, "bcc", g_mime_message_get_bcc(message));
  tell_addresses(&reading, "replyTo", g_mime_message_get_reply_to(message));
  GDateTime *date = g_mime_message_get_date(message);
  if (date != NULL)
    handlers.date(context, (long long)g_date_time_to_unix(date) * 1000);
  walk(g_mime_message_get_mime_part(message), &reading, 0);
  g_object_unref(message);
  return 0;
}
