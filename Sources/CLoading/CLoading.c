#include "CLoading.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

int fettle_loadable(const char *const *names) {
  for (size_t i = 0; names[i] != NULL; i++)
    if (dlopen(names[i], RTLD_LAZY | RTLD_LOCAL) != NULL) return 1;
  return 0;
}

void *fettle_loaded(const char *const *names, const char *function) {
  void *library = NULL;
  /* A library that is loaded already is only found again. */
  for (size_t i = 0; library == NULL && names[i] != NULL; i++)
    library = dlopen(names[i], RTLD_LAZY | RTLD_LOCAL);
  void *found = library != NULL ? dlsym(library, function) : NULL;
  if (found == NULL) {
    const char *reason = dlerror();
    fprintf(stderr, "fettle: %s is needed and cannot be loaded: %s\n", names[0],
            reason != NULL ? reason : function);
    exit(127);
  }
  return found;
}
