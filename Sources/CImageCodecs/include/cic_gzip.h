/// gzip, by zlib.
#ifndef CIC_GZIP_H
#define CIC_GZIP_H

#include "cic_status.h"

#pragma clang assume_nonnull begin

/// Inflates a whole gzip file (one member or several on end), checksums verified, to at most `output_limit` bytes.
cic_status cic_gzip_inflate(const uint8_t *bytes, size_t count, size_t output_limit, cic_buffer *output,
                            char *message);

/// Deflates to a gzip file of one member, as small as zlib makes it.
cic_status cic_gzip_deflate(const uint8_t *bytes, size_t count, cic_buffer *output, char *message);

#pragma clang assume_nonnull end

#endif
