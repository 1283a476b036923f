#include "CCurl.h"

#include <sys/prctl.h>

CURLcode fettle_curl_set_text(CURL *handle, CURLoption option, const char *value) {
  return curl_easy_setopt(handle, option, value);
}

CURLcode fettle_curl_set_long(CURL *handle, CURLoption option, long value) {
  return curl_easy_setopt(handle, option, value);
}

CURLcode fettle_curl_set_large(CURL *handle, CURLoption option, curl_off_t value) {
  return curl_easy_setopt(handle, option, value);
}

CURLcode fettle_curl_set_pointer(CURL *handle, CURLoption option, void *value) {
  return curl_easy_setopt(handle, option, value);
}

CURLcode fettle_curl_set_blob(CURL *handle, CURLoption option, const void *bytes, size_t count) {
  struct curl_blob blob = {(void *)bytes, count, CURL_BLOB_COPY};
  return curl_easy_setopt(handle, option, &blob);
}

CURLcode fettle_curl_set_sink(CURL *handle, CURLoption option, fettle_curl_sink sink) {
  return curl_easy_setopt(handle, option, sink);
}

CURLcode fettle_curl_get_long(CURL *handle, CURLINFO info, long *value) {
  return curl_easy_getinfo(handle, info, value);
}

CURLcode fettle_curl_get_large(CURL *handle, CURLINFO info, curl_off_t *value) {
  return curl_easy_getinfo(handle, info, value);
}

CURLcode fettle_curl_get_text(CURL *handle, CURLINFO info, const char **value) {
  return curl_easy_getinfo(handle, info, value);
}

CURLcode fettle_curl_get_pointer(CURL *handle, CURLINFO info, void **value) {
  return curl_easy_getinfo(handle, info, value);
}

int fettle_curl_next_done(CURLM *multi, CURL **handle, CURLcode *result) {
  int left;
  CURLMsg *message;
  while ((message = curl_multi_info_read(multi, &left)) != NULL) {
    if (message->msg == CURLMSG_DONE) {
      *handle = message->easy_handle;
      *result = message->data.result;
      return 1;
    }
  }
  return 0;
}

CURLcode fettle_curl_set_listener(CURL *handle, fettle_curl_listener listener, void *context) {
  CURLcode code = curl_easy_setopt(handle, CURLOPT_DEBUGFUNCTION, listener);
  if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_DEBUGDATA, context);
  return code == CURLE_OK ? curl_easy_setopt(handle, CURLOPT_VERBOSE, 1L) : code;
}

const char *fettle_curl_ssh_library(void) {
  curl_version_info_data *version = curl_version_info(CURLVERSION_NOW);
  return version->age >= CURLVERSION_FOURTH ? version->libssh_version : NULL;
}

void fettle_curl_name_thread(const char *name) { prctl(PR_SET_NAME, name); }

void fettle_curl_keep_connections(CURLM *multi, long count) {
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, count);
}

CURLcode fettle_curl_get_list(CURL *handle, CURLINFO info, struct curl_slist **value) {
  return curl_easy_getinfo(handle, info, value);
}

CURLSH *fettle_curl_pool(void) {
  CURLSH *pool = curl_share_init();
  if (pool != NULL) {
    /* All transfers run on one thread, so that nothing has to be locked. As a pointer: it is read as
       one. */
    curl_share_setopt(pool, CURLSHOPT_SHARE, (void *)(long)CURL_LOCK_DATA_CONNECT);
  }
  return pool;
}
