#ifndef FETTLE_CCURL_H
#define FETTLE_CCURL_H
#endif
