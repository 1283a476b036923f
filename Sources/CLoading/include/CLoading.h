#ifndef FETTLE_CLOADING_H
#define FETTLE_CLOADING_H

#include <stddef.h>

/* Libraries that are loaded when they are first needed. Linked, libcurl, libxml2 and GMime bring
   forty others with them, which take the loader longer than the rest of a start: too long for a
   terminal whose first picture needs none of them. */

/* A function of a library, which is loaded for it. Ends the program as the loader would when there
   is no such library or function.
   - names: the names the library may have, the usual one first, NULL behind the last. */
void *fettle_loaded(const char *const *names, const char *function);

/* Whether there is such a library: for one that few scenarios need. */
int fettle_loadable(const char *const *names);

/* Defines a function of the library whose names are in `library`: it hands its arguments on to the
   real one. What calls it is compiled against the header of the library, and so is this. */
#define FETTLE_LOADED(result, function, parameters, arguments)               \
  result function parameters {                                               \
    static void *known;                                                      \
    void *real = __atomic_load_n(&known, __ATOMIC_ACQUIRE);                  \
    if (real == NULL) {                                                      \
      real = fettle_loaded(library, #function);                              \
      __atomic_store_n(&known, real, __ATOMIC_RELEASE);                      \
    }                                                                        \
    return ((__typeof__(&function))real)arguments;                           \
  }

#endif
