#include "cic_gzip.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

static cic_status report(char *message, cic_status status, const char *text) {
  snprintf(message, CIC_MESSAGE_CAPACITY, "%s", text);
  return status;
}

/// zlib counts in 32 bits; longer buffers go in pieces.
static uInt piece(size_t count) { return count < UINT_MAX ? (uInt)count : UINT_MAX; }

static cic_status grow(cic_buffer *output, size_t *capacity, size_t limit, char *message) {
  if (*capacity >= limit) return report(message, CIC_TOO_LARGE, "more bytes than the limit allows");
  size_t next = *capacity < limit / 2 ? *capacity * 2 : limit;
  uint8_t *grown = realloc(output->bytes, next);
  if (!grown) return report(message, CIC_OUT_OF_MEMORY, "no memory for the inflated bytes");
  output->bytes = grown;
  *capacity = next;
  return CIC_OK;
}

/// The last four bytes hold the inflated length of a single member: a good first guess, and no more than that.
static size_t first_capacity(const uint8_t *bytes, size_t count, size_t limit) {
  size_t guess = 4096;
  if (count >= 18) {
    const uint8_t *tail = bytes + count - 4;
    size_t stated = tail[0] | (size_t)tail[1] << 8 | (size_t)tail[2] << 16 | (size_t)tail[3] << 24;
    size_t largest = count > SIZE_MAX / 1032 ? SIZE_MAX : count * 1032;  // deflate's greatest ratio
    if (stated > guess) guess = stated < largest ? stated : largest;
  }
  guess += 1;
  return guess < limit ? guess : limit;
}

static cic_status inflate_members(z_stream *stream, const uint8_t *bytes, size_t count, size_t limit,
                                  cic_buffer *output, size_t *capacity, char *message) {
  size_t consumed = 0;
  for (;;) {
    if (output->count == *capacity) {
      cic_status status = grow(output, capacity, limit, message);
      if (status != CIC_OK) return status;
    }
    uInt in = piece(count - consumed), out = piece(*capacity - output->count);
    stream->next_in = (Bytef *)bytes + consumed;
    stream->avail_in = in;
    stream->next_out = output->bytes + output->count;
    stream->avail_out = out;
    int result = inflate(stream, Z_NO_FLUSH);
    consumed += in - stream->avail_in;
    output->count += out - stream->avail_out;

    if (result == Z_STREAM_END) {
      if (consumed == count) return CIC_OK;
      inflateReset(stream);
    } else if (result == Z_MEM_ERROR) {
      return report(message, CIC_OUT_OF_MEMORY, "no memory to inflate");
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      return report(message, CIC_DAMAGED, stream->msg ? stream->msg : "not gzip data");
    } else if (consumed == count && stream->avail_out > 0) {
      return report(message, CIC_TRUNCATED, "the gzip data ends early");
    }
  }
}

cic_status cic_gzip_inflate(const uint8_t *bytes, size_t count, size_t output_limit, cic_buffer *output,
                            char *message) {
  enum { GZIP_ONLY = 15 + 16 };
  *output = (cic_buffer){0};
  size_t capacity = first_capacity(bytes, count, output_limit);
  z_stream stream = {0};
  if (inflateInit2(&stream, GZIP_ONLY) != Z_OK) return report(message, CIC_OUT_OF_MEMORY, "zlib could not start");
  output->bytes = malloc(capacity ? capacity : 1);
  cic_status status = output->bytes
                          ? inflate_members(&stream, bytes, count, output_limit, output, &capacity, message)
                          : report(message, CIC_OUT_OF_MEMORY, "no memory for the inflated bytes");
  inflateEnd(&stream);
  if (status != CIC_OK) cic_buffer_free(output);
  return status;
}

cic_status cic_gzip_deflate(const uint8_t *bytes, size_t count, cic_buffer *output, char *message) {
  enum { GZIP = 15 + 16, MEMORY_LEVEL = 9 };
  *output = (cic_buffer){0};
  z_stream stream = {0};
  if (count > UINT_MAX / 2) return report(message, CIC_TOO_LARGE, "more bytes than are deflated at once");
  if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) {
    return report(message, CIC_OUT_OF_MEMORY, "zlib could not start");
  }
  size_t capacity = deflateBound(&stream, count);
  output->bytes = malloc(capacity);
  int result = Z_MEM_ERROR;
  if (output->bytes) {
    stream.next_in = (Bytef *)bytes;
    stream.avail_in = (uInt)count;
    stream.next_out = output->bytes;
    stream.avail_out = (uInt)capacity;
    result = deflate(&stream, Z_FINISH);
    output->count = stream.total_out;
  }
  deflateEnd(&stream);
  if (result == Z_STREAM_END) return CIC_OK;
  cic_buffer_free(output);
  return report(message, CIC_OUT_OF_MEMORY, "no memory for the deflated bytes");
}
