#include "CPCRE2.h"

/* PCRE2 is reached through function macros that name the code unit width; Swift sees the functions
   themselves (`pcre2_compile_8`), so nothing has to be wrapped. The file exists because a target
   without a source does not link its library reliably. */
