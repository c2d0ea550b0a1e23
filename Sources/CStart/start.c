// libgomp's threads spin where they wait for each other, which beside other work takes many times as long as computing.
// libgomp reads GOMP_SPINCOUNT when it is loaded, so it has to be in the environment before that.
#include "CStart.h"

#ifdef __linux__
#define _GNU_SOURCE
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FEW_SPINS "GOMP_SPINCOUNT=1000"

// There where the program loads libtorch when it first needs it (Packaging/lazy_torch.c), as an installed one does.
extern void *glow_torch_table[] __attribute__((weak));

static int names(const char *entry, const char *variable) {
  size_t length = strlen(variable);
  return strncmp(entry, variable, length) == 0 && entry[length] == '=';
}

// Runs when the libraries are there, and none of them has begun: the program begins anew, with one variable more.
static void spin_less(int argc, char **argv, char **environment) {
  (void)argc;
  if (glow_torch_table != NULL) return;
  size_t count = 0;
  for (; environment[count] != NULL; count++) {
    if (names(environment[count], "GOMP_SPINCOUNT") || names(environment[count], "OMP_WAIT_POLICY")) return;
  }
  char program[4096];
  ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
  if (length <= 0) return;
  program[length] = '\0';
  char *longer[count + 2];
  memcpy(longer, environment, count * sizeof *longer);
  longer[count] = (char *)FEW_SPINS;
  longer[count + 1] = NULL;
  execve(program, argv, longer);
}

__attribute__((section(".preinit_array"), used)) static void (*const at_start)(int, char **, char **) = spin_less;

// Where libtorch is loaded later, the variable has only to be set.
__attribute__((constructor)) static void spin_less_later(void) {
  if (glow_torch_table == NULL || getenv("GOMP_SPINCOUNT") != NULL || getenv("OMP_WAIT_POLICY") != NULL) return;
  setenv("GOMP_SPINCOUNT", "1000", 0);
}
#endif
