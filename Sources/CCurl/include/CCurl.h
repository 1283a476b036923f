#ifndef FETTLE_CCURL_H
#define FETTLE_CCURL_H

#include <curl/curl.h>
#include <stddef.h>

/* curl_easy_setopt and curl_easy_getinfo are variadic macros, which Swift cannot call: one function
   here for each type of argument. */

CURLcode fettle_curl_set_text(CURL *handle, CURLoption option, const char *value);
CURLcode fettle_curl_set_long(CURL *handle, CURLoption option, long value);
CURLcode fettle_curl_set_large(CURL *handle, CURLoption option, curl_off_t value);
CURLcode fettle_curl_set_pointer(CURL *handle, CURLoption option, void *value);
/* The bytes are copied. */
CURLcode fettle_curl_set_blob(CURL *handle, CURLoption option, const void *bytes, size_t count);

typedef size_t (*fettle_curl_sink)(char *bytes, size_t size, size_t count, void *context);
CURLcode fettle_curl_set_sink(CURL *handle, CURLoption option, fettle_curl_sink sink);

CURLcode fettle_curl_get_long(CURL *handle, CURLINFO info, long *value);
CURLcode fettle_curl_get_large(CURL *handle, CURLINFO info, curl_off_t *value);
CURLcode fettle_curl_get_text(CURL *handle, CURLINFO info, const char **value);
CURLcode fettle_curl_get_pointer(CURL *handle, CURLINFO info, void **value);

/* The caller frees the list. */
CURLcode fettle_curl_get_list(CURL *handle, CURLINFO info, struct curl_slist **value);

/* A place where connections are kept apart from others, for CURLOPT_SHARE; NULL where there is no
   memory. It is for one thread alone. */
CURLSH *fettle_curl_pool(void);

/* Tells a listener what curl says of a transfer; what is sent and received comes as well, by its
   type. */
typedef int (*fettle_curl_listener)(CURL *handle, curl_infotype type, char *text, size_t count,
                                    void *context);
CURLcode fettle_curl_set_listener(CURL *handle, fettle_curl_listener listener, void *context);

/* The library that speaks SSH for curl, such as `libssh2/1.10.0`; NULL where there is none. */
const char *fettle_curl_ssh_library(void);

/* The next transfer that has ended: its handle and its result; 0 when there is none. */
int fettle_curl_next_done(CURLM *multi, CURL **handle, CURLcode *result);

/* How many connections that nobody uses are kept at most. */
void fettle_curl_keep_connections(CURLM *multi, long count);

/* What the calling thread is called where the system lists threads. */
void fettle_curl_name_thread(const char *name);

#endif
