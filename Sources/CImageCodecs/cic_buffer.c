#include "cic_status.h"

#include <stdlib.h>

void cic_buffer_free(cic_buffer *buffer) {
  free(buffer->bytes);
  buffer->bytes = NULL;
  buffer->count = 0;
}
