// Loads libtorch when the program first calls it, so that `glow --help` and the shell's completion start at once. The calls
// come from the stubs that Packaging/lazy-torch.sh writes.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern void *glow_torch_table[];
extern const char glow_torch_names[];

static void fail(const char *reason) {
  fprintf(stderr, "Error: libtorch cannot be loaded: %s; install the program again, or move it with all that lies beside it\n",
    reason);
  exit(1);
}

// Fills the table, and returns the function of one stub. Several threads may do so at once: they write the same.
void *glow_torch_load(long index) {
  void *library = dlopen("libglow-torch.so", RTLD_NOW | RTLD_GLOBAL);
  if (library == NULL) fail(dlerror());
  void *asked = NULL;
  long at = 0;
  for (const char *name = glow_torch_names; *name != '\0'; name += strlen(name) + 1, at++) {
    void *function = dlsym(library, name);
    if (function == NULL) fail(dlerror());
    __atomic_store_n(&glow_torch_table[at], function, __ATOMIC_RELEASE);
    if (at == index) asked = function;
  }
  return asked;
}
