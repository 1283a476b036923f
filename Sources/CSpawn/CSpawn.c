#define _GNU_SOURCE
#include "CSpawn.h"

#include <spawn.h>

int fettle_spawn_keeping_streams_only(void *actions) {
  return posix_spawn_file_actions_addclosefrom_np(actions, 3);
}
