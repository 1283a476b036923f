/* What is used of GMime 3.0 and of GLib 2, as their headers declare it. These lie where only flags find
   them, and a package with such flags cannot be a dependency of another. Nothing is known here of what
   an object holds, but for the bytes of an array. */

#ifndef FETTLE_GMIME_H
#define FETTLE_GMIME_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef int gboolean;
typedef int gint;
typedef int64_t gint64;
typedef char gchar;
typedef void *gpointer;
typedef size_t GType;

typedef struct _GByteArray {
  uint8_t *data;
  unsigned int len;
} GByteArray;

typedef struct _GMimeObject GMimeObject;
typedef struct _GMimePart GMimePart;
typedef struct _GMimeTextPart GMimeTextPart;
typedef struct _GMimeMultipart GMimeMultipart;
typedef struct _GMimeMessage GMimeMessage;
typedef struct _GMimeMessagePart GMimeMessagePart;
typedef struct _GMimeContentType GMimeContentType;
typedef struct _GMimeContentDisposition GMimeContentDisposition;
typedef struct _GMimeDataWrapper GMimeDataWrapper;
typedef struct _GMimeStream GMimeStream;
typedef struct _GMimeStreamMem GMimeStreamMem;
typedef struct _GMimeParser GMimeParser;
typedef struct _GMimeParserOptions GMimeParserOptions;
typedef struct _GMimeFormatOptions GMimeFormatOptions;
typedef struct _GMimeHeaderList GMimeHeaderList;
typedef struct _GMimeHeader GMimeHeader;
typedef struct _InternetAddress InternetAddress;
typedef struct _InternetAddressMailbox InternetAddressMailbox;
typedef struct _InternetAddressGroup InternetAddressGroup;
typedef struct _InternetAddressList InternetAddressList;
typedef struct _GDateTime GDateTime;
typedef struct _GTypeInstance GTypeInstance;

gboolean g_type_check_instance_is_a(GTypeInstance *object, GType type);
GType g_mime_multipart_get_type(void);
GType g_mime_message_part_get_type(void);
GType g_mime_part_get_type(void);
GType g_mime_text_part_get_type(void);
GType internet_address_mailbox_get_type(void);
GType internet_address_group_get_type(void);
void g_mime_init(void);
int internet_address_list_length(InternetAddressList *list);
InternetAddress *internet_address_list_get_address(InternetAddressList *list, int index);
const char *internet_address_get_name(InternetAddress *ia);
const char *internet_address_mailbox_get_addr(InternetAddressMailbox *mailbox);
InternetAddressList *internet_address_group_get_members(InternetAddressGroup *group);
const char *g_mime_part_get_filename(GMimePart *mime_part);
GMimeDataWrapper *g_mime_part_get_content(GMimePart *mime_part);
char *g_mime_text_part_get_text(GMimeTextPart *mime_part);
ssize_t g_mime_data_wrapper_write_to_stream(GMimeDataWrapper *wrapper, GMimeStream *stream);
GMimeContentType *g_mime_object_get_content_type(GMimeObject *object);
const char *g_mime_object_get_content_id(GMimeObject *object);
GMimeContentDisposition *g_mime_object_get_content_disposition(GMimeObject *object);
GMimeHeaderList *g_mime_object_get_header_list(GMimeObject *object);
char *g_mime_object_to_string(GMimeObject *object, GMimeFormatOptions *options);
char *g_mime_content_type_get_mime_type(GMimeContentType *content_type);
gboolean g_mime_content_type_is_type(GMimeContentType *content_type, const char *type, const char
    *subtype);
const char *g_mime_content_disposition_get_disposition(GMimeContentDisposition *disposition);
int g_mime_multipart_get_count(GMimeMultipart *multipart);
GMimeObject *g_mime_multipart_get_part(GMimeMultipart *multipart, int index);
GMimeMessage *g_mime_message_part_get_message(GMimeMessagePart *part);
GMimeStream *g_mime_stream_mem_new(void);
GMimeStream *g_mime_stream_mem_new_with_buffer(const char *buffer, size_t len);
GByteArray *g_mime_stream_mem_get_byte_array(GMimeStreamMem *mem);
GMimeParser *g_mime_parser_new_with_stream(GMimeStream *stream);
GMimeMessage *g_mime_parser_construct_message(GMimeParser *parser, GMimeParserOptions *options);
int g_mime_header_list_get_count(GMimeHeaderList *headers);
GMimeHeader *g_mime_header_list_get_header_at(GMimeHeaderList *headers, int index);
const char *g_mime_header_get_value(GMimeHeader *header);
const char *g_mime_header_get_name(GMimeHeader *header);
InternetAddressList *g_mime_message_get_from(GMimeMessage *message);
InternetAddressList *g_mime_message_get_to(GMimeMessage *message);
InternetAddressList *g_mime_message_get_cc(GMimeMessage *message);
InternetAddressList *g_mime_message_get_bcc(GMimeMessage *message);
InternetAddressList *g_mime_message_get_reply_to(GMimeMessage *message);
GDateTime *g_mime_message_get_date(GMimeMessage *message);
GMimeObject *g_mime_message_get_mime_part(GMimeMessage *message);
void g_free(gpointer memory);
void g_object_unref(gpointer object);
gint g_ascii_strcasecmp(const gchar *left, const gchar *right);
gint64 g_date_time_to_unix(GDateTime *date);

/* Whether an object is of a kind. */
#define FETTLE_IS(object, type) \
  ((object) != NULL && g_type_check_instance_is_a((GTypeInstance *)(object), type()))
#define GMIME_IS_MULTIPART(object) FETTLE_IS(object, g_mime_multipart_get_type)
#define GMIME_IS_MESSAGE_PART(object) FETTLE_IS(object, g_mime_message_part_get_type)
#define GMIME_IS_PART(object) FETTLE_IS(object, g_mime_part_get_type)
#define GMIME_IS_TEXT_PART(object) FETTLE_IS(object, g_mime_text_part_get_type)
#define INTERNET_ADDRESS_IS_MAILBOX(object) FETTLE_IS(object, internet_address_mailbox_get_type)
#define INTERNET_ADDRESS_IS_GROUP(object) FETTLE_IS(object, internet_address_group_get_type)

#endif
