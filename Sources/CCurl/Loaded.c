/* What is used of libcurl. */

#include "CLoading.h"

/* The macros that check the types of variadic arguments hide the functions. */
#define CURL_DISABLE_TYPECHECK 1
/* Its first parameter is const in some versions only: what they declare is put aside. */
#define curl_url_get curl_url_get_as_declared
#include "CCurl.h"

#include <stdarg.h>

#undef curl_url_get
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_share_setopt

static const char *const library[] = {"libcurl.so.4", "libcurl.so", NULL};

FETTLE_LOADED(CURLcode, curl_global_init, (long flags), (flags))
FETTLE_LOADED(CURL *, curl_easy_init, (void), ())
FETTLE_LOADED(void, curl_easy_cleanup, (CURL *handle), (handle))
FETTLE_LOADED(curl_version_info_data *, curl_version_info, (CURLversion age), (age))
FETTLE_LOADED(const char *, curl_easy_strerror, (CURLcode code), (code))
FETTLE_LOADED(void, curl_free, (void *memory), (memory))

FETTLE_LOADED(CURLM *, curl_multi_init, (void), ())
FETTLE_LOADED(CURLMcode, curl_multi_add_handle, (CURLM *multi, CURL *handle), (multi, handle))
FETTLE_LOADED(CURLMcode, curl_multi_remove_handle, (CURLM *multi, CURL *handle), (multi, handle))
FETTLE_LOADED(CURLMcode, curl_multi_perform, (CURLM *multi, int *running), (multi, running))
FETTLE_LOADED(CURLMcode, curl_multi_poll,
              (CURLM *multi, struct curl_waitfd fds[], unsigned int count, int milliseconds,
               int *ready),
              (multi, fds, count, milliseconds, ready))
FETTLE_LOADED(CURLMcode, curl_multi_wakeup, (CURLM *multi), (multi))
FETTLE_LOADED(CURLMsg *, curl_multi_info_read, (CURLM *multi, int *left), (multi, left))

FETTLE_LOADED(CURLSH *, curl_share_init, (void), ())
FETTLE_LOADED(CURLSHcode, curl_share_cleanup, (CURLSH *share), (share))

FETTLE_LOADED(struct curl_slist *, curl_slist_append, (struct curl_slist *list, const char *text),
              (list, text))
FETTLE_LOADED(void, curl_slist_free_all, (struct curl_slist *list), (list))

FETTLE_LOADED(CURLU *, curl_url, (void), ())
FETTLE_LOADED(void, curl_url_cleanup, (CURLU *url), (url))
FETTLE_LOADED(CURLUcode, curl_url_get,
              (CURLU *url, CURLUPart what, char **part, unsigned int flags),
              (url, what, part, flags))
FETTLE_LOADED(CURLUcode, curl_url_set,
              (CURLU *url, CURLUPart what, const char *part, unsigned int flags),
              (url, what, part, flags))

FETTLE_LOADED(curl_mime *, curl_mime_init, (CURL *handle), (handle))
FETTLE_LOADED(void, curl_mime_free, (curl_mime *mime), (mime))
FETTLE_LOADED(curl_mimepart *, curl_mime_addpart, (curl_mime *mime), (mime))
FETTLE_LOADED(CURLcode, curl_mime_name, (curl_mimepart *part, const char *name), (part, name))
FETTLE_LOADED(CURLcode, curl_mime_filename, (curl_mimepart *part, const char *name), (part, name))
FETTLE_LOADED(CURLcode, curl_mime_type, (curl_mimepart *part, const char *type), (part, type))
FETTLE_LOADED(CURLcode, curl_mime_encoder, (curl_mimepart *part, const char *encoding),
              (part, encoding))
FETTLE_LOADED(CURLcode, curl_mime_data, (curl_mimepart *part, const char *data, size_t size),
              (part, data, size))
FETTLE_LOADED(CURLcode, curl_mime_subparts, (curl_mimepart *part, curl_mime *parts), (part, parts))
FETTLE_LOADED(CURLcode, curl_mime_headers,
              (curl_mimepart *part, struct curl_slist *headers, int taken), (part, headers, taken))

/* Their last argument is a pointer, a long or a curl_off_t. In the conventions of every 64-bit system
   Fettle runs on these are handed over alike. */
_Static_assert(sizeof(long) == sizeof(void *) && sizeof(curl_off_t) == sizeof(void *),
               "arguments of other sizes cannot be handed on as pointers");

CURLcode curl_easy_setopt(CURL *handle, CURLoption option, ...) {
  va_list arguments;
  va_start(arguments, option);
  void *value = va_arg(arguments, void *);
  va_end(arguments);
  CURLcode (*real)(CURL *, CURLoption, ...) = fettle_loaded(library, "curl_easy_setopt");
  return real(handle, option, value);
}

CURLcode curl_easy_getinfo(CURL *handle, CURLINFO info, ...) {
  va_list arguments;
  va_start(arguments, info);
  void *value = va_arg(arguments, void *);
  va_end(arguments);
  CURLcode (*real)(CURL *, CURLINFO, ...) = fettle_loaded(library, "curl_easy_getinfo");
  return real(handle, info, value);
}

CURLMcode curl_multi_setopt(CURLM *multi, CURLMoption option, ...) {
  va_list arguments;
  va_start(arguments, option);
  void *value = va_arg(arguments, void *);
  va_end(arguments);
  CURLMcode (*real)(CURLM *, CURLMoption, ...) = fettle_loaded(library, "curl_multi_setopt");
  return real(multi, option, value);
}

CURLSHcode curl_share_setopt(CURLSH *share, CURLSHoption option, ...) {
  va_list arguments;
  va_start(arguments, option);
  void *value = va_arg(arguments, void *);
  va_end(arguments);
  CURLSHcode (*real)(CURLSH *, CURLSHoption, ...) = fettle_loaded(library, "curl_share_setopt");
  return real(share, option, value);
}
