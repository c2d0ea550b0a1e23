#include "cic_status.h"

#include <stdlib.h>

int cic_is_cancelled(cic_limits limits) { return limits.is_cancelled && limits.is_cancelled(limits.context); }

void cic_buffer_free(cic_buffer *buffer) {
  free(buffer->bytes);
  buffer->bytes = NULL;
  buffer->count = 0;
}
