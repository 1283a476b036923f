/* What is used of GMime, and of the GLib that comes with it. */

#include "CLoading.h"

#include "gmime.h"

static const char *const library[] = {"libgmime-3.0.so.0", "libgmime-3.0.so", NULL};

/* What the macros that tell one kind of object from another ask. */
FETTLE_LOADED(gboolean, g_type_check_instance_is_a, (GTypeInstance *object, GType type),
              (object, type))
FETTLE_LOADED(GType, g_mime_multipart_get_type, (void), ())
FETTLE_LOADED(GType, g_mime_message_part_get_type, (void), ())
FETTLE_LOADED(GType, g_mime_part_get_type, (void), ())
FETTLE_LOADED(GType, g_mime_text_part_get_type, (void), ())
FETTLE_LOADED(GType, internet_address_mailbox_get_type, (void), ())
FETTLE_LOADED(GType, internet_address_group_get_type, (void), ())

FETTLE_LOADED(void, g_mime_init, (void), ())
FETTLE_LOADED(int, internet_address_list_length, (InternetAddressList *list), (list))
FETTLE_LOADED(InternetAddress *, internet_address_list_get_address,
              (InternetAddressList *list, int index), (list, index))
FETTLE_LOADED(const char *, internet_address_get_name, (InternetAddress *ia), (ia))
FETTLE_LOADED(const char *, internet_address_mailbox_get_addr,
              (InternetAddressMailbox *mailbox), (mailbox))
FETTLE_LOADED(InternetAddressList *, internet_address_group_get_members,
              (InternetAddressGroup *group), (group))

FETTLE_LOADED(const char *, g_mime_part_get_filename, (GMimePart *mime_part), (mime_part))
FETTLE_LOADED(GMimeDataWrapper *, g_mime_part_get_content, (GMimePart *mime_part), (mime_part))
FETTLE_LOADED(char *, g_mime_text_part_get_text, (GMimeTextPart *mime_part), (mime_part))
FETTLE_LOADED(ssize_t, g_mime_data_wrapper_write_to_stream,
              (GMimeDataWrapper *wrapper, GMimeStream *stream), (wrapper, stream))

FETTLE_LOADED(GMimeContentType *, g_mime_object_get_content_type, (GMimeObject *object), (object))
FETTLE_LOADED(const char *, g_mime_object_get_content_id, (GMimeObject *object), (object))
FETTLE_LOADED(GMimeContentDisposition *, g_mime_object_get_content_disposition,
              (GMimeObject *object), (object))
FETTLE_LOADED(GMimeHeaderList *, g_mime_object_get_header_list, (GMimeObject *object), (object))
FETTLE_LOADED(char *, g_mime_object_to_string,
              (GMimeObject *object, GMimeFormatOptions *options), (object, options))

FETTLE_LOADED(char *, g_mime_content_type_get_mime_type,
              (GMimeContentType *content_type), (content_type))
FETTLE_LOADED(gboolean, g_mime_content_type_is_type,
              (GMimeContentType *content_type, const char *type, const char *subtype),
              (content_type, type, subtype))
FETTLE_LOADED(const char *, g_mime_content_disposition_get_disposition,
              (GMimeContentDisposition *disposition), (disposition))

FETTLE_LOADED(int, g_mime_multipart_get_count, (GMimeMultipart *multipart), (multipart))
FETTLE_LOADED(GMimeObject *, g_mime_multipart_get_part,
              (GMimeMultipart *multipart, int index), (multipart, index))
FETTLE_LOADED(GMimeMessage *, g_mime_message_part_get_message, (GMimeMessagePart *part), (part))

FETTLE_LOADED(GMimeStream *, g_mime_stream_mem_new, (void), ())
FETTLE_LOADED(GMimeStream *, g_mime_stream_mem_new_with_buffer,
              (const char *buffer, size_t len), (buffer, len))
FETTLE_LOADED(GByteArray *, g_mime_stream_mem_get_byte_array, (GMimeStreamMem *mem), (mem))
FETTLE_LOADED(GMimeParser *, g_mime_parser_new_with_stream, (GMimeStream *stream), (stream))
FETTLE_LOADED(GMimeMessage *, g_mime_parser_construct_message,
              (GMimeParser *parser, GMimeParserOptions *options), (parser, options))

FETTLE_LOADED(int, g_mime_header_list_get_count, (GMimeHeaderList *headers), (headers))
FETTLE_LOADED(GMimeHeader *, g_mime_header_list_get_header_at,
              (GMimeHeaderList *headers, int index), (headers, index))
FETTLE_LOADED(const char *, g_mime_header_get_value, (GMimeHeader *header), (header))
FETTLE_LOADED(const char *, g_mime_header_get_name, (GMimeHeader *header), (header))

FETTLE_LOADED(InternetAddressList *, g_mime_message_get_from, (GMimeMessage *message), (message))
FETTLE_LOADED(InternetAddressList *, g_mime_message_get_to, (GMimeMessage *message), (message))
FETTLE_LOADED(InternetAddressList *, g_mime_message_get_cc, (GMimeMessage *message), (message))
FETTLE_LOADED(InternetAddressList *, g_mime_message_get_bcc, (GMimeMessage *message), (message))
FETTLE_LOADED(InternetAddressList *, g_mime_message_get_reply_to,
              (GMimeMessage *message), (message))
FETTLE_LOADED(GDateTime *, g_mime_message_get_date, (GMimeMessage *message), (message))
FETTLE_LOADED(GMimeObject *, g_mime_message_get_mime_part, (GMimeMessage *message), (message))

FETTLE_LOADED(void, g_free, (gpointer memory), (memory))
FETTLE_LOADED(void, g_object_unref, (gpointer object), (object))
FETTLE_LOADED(gint, g_ascii_strcasecmp, (const gchar *left, const gchar *right), (left, right))
FETTLE_LOADED(gint64, g_date_time_to_unix, (GDateTime *date), (date))
