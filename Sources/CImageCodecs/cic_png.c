#include "cic_png.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/// How much of the pixel data's stream is still read when all rows are there: its end, and what a careless encoder left.
/// Deflate can make a thousand times as much of it, so that no more is inflated to find the end.
enum { EXCESS_LIMIT = 1 << 16 };

static const uint32_t IDAT = 0x49444154;

/// Belongs to the caller of the function that calls setjmp, so that longjmp leaves it intact.
typedef struct png_job {
  jmp_buf failed;
  cic_status status;
  char *message;
  cic_limits limits;
  png_structp png;
  png_infop info;
  const uint8_t *input;
  size_t remaining;
  /// As stored, before anything is expanded.
  size_t stored_row;
  int passes;
  int has_all_rows;
  /// The bytes of pixel data that were read after the last row.
  size_t excess;
  cic_buffer output;
  size_t capacity;
} png_job;

static void fail(png_job *job, cic_status status, const char *text) {
  job->status = status;
  snprintf(job->message, CIC_MESSAGE_CAPACITY, "%s", text);
  longjmp(job->failed, 1);
}

static void on_error(png_structp png, png_const_charp text) { fail(png_get_error_ptr(png), CIC_DAMAGED, text); }

static void on_warning(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static void read_bytes(png_structp png, png_bytep out, size_t count) {
  png_job *job = png_get_io_ptr(png);
  if (count > job->remaining) fail(job, CIC_TRUNCATED, "the file ends inside a chunk");
  if (job->has_all_rows && png_get_io_chunk_type(png) == IDAT) {
    job->excess += count;
    if (job->excess > EXCESS_LIMIT) fail(job, CIC_DAMAGED, "more pixel data than its size needs");
  }
  memcpy(out, job->input, count);
  job->input += count;
  job->remaining -= count;
}

static void write_bytes(png_structp png, png_bytep bytes, size_t count) {
  png_job *job = png_get_io_ptr(png);
  if (count > job->capacity - job->output.count) {
    size_t capacity = job->capacity * 2 + count + 4096;
    uint8_t *grown = realloc(job->output.bytes, capacity);
    if (!grown) fail(job, CIC_OUT_OF_MEMORY, "no memory for the encoded image");
    job->output.bytes = grown;
    job->capacity = capacity;
  }
  memcpy(job->output.bytes + job->output.count, bytes, count);
  job->output.count += count;
}

static void flush_bytes(png_structp png) { (void)png; }

/// Reads up to the pixel data, checks the size against the limit, and asks for 8-bit channels.
static void read_header(png_job *job, cic_image_info *info) {
  job->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, job, on_error, on_warning);
  if (!job->png) fail(job, CIC_OUT_OF_MEMORY, "libpng could not start");
  job->info = png_create_info_struct(job->png);
  if (!job->info) fail(job, CIC_OUT_OF_MEMORY, "libpng could not start");
  png_set_read_fn(job->png, job, read_bytes);
  png_set_user_limits(job->png, 0x7fffffff, 0x7fffffff);
  // Texts and profiles are skipped, not inflated.
  png_set_keep_unknown_chunks(job->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
  png_read_info(job->png, job->info);

  info->width = (int32_t)png_get_image_width(job->png, job->info);
  info->height = (int32_t)png_get_image_height(job->png, job->info);
  if ((uint64_t)info->width * (uint64_t)info->height > job->limits.pixels)
    fail(job, CIC_TOO_LARGE, "more pixels than the limit allows");

  job->stored_row = png_get_rowbytes(job->png, job->info);
  png_set_expand(job->png);
  png_set_strip_16(job->png);
  job->passes = png_set_interlace_handling(job->png);
  png_read_update_info(job->png, job->info);
  info->channels = png_get_channels(job->png, job->info);
}

static void read_pixels(png_job *job, cic_image_info info) {
  size_t stride = png_get_rowbytes(job->png, job->info);
  if (stride != (size_t)info.width * (size_t)info.channels) fail(job, CIC_UNSUPPORTED, "an unusual row length");
  // Deflate packs at most 1032 bytes into one.
  if (job->stored_row * (size_t)info.height / 1032 > job->remaining)
    fail(job, CIC_TRUNCATED, "more pixels than the file's bytes can hold");
  job->output.count = stride * (size_t)info.height;
  job->output.bytes = malloc(job->output.count);
  if (!job->output.bytes) fail(job, CIC_OUT_OF_MEMORY, "no memory for the pixels");
  for (int pass = 0; pass < job->passes; pass++) {
    for (int32_t y = 0; y < info.height; y++) {
      if (cic_is_cancelled(job->limits)) fail(job, CIC_CANCELLED, "cancelled");
      png_read_row(job->png, job->output.bytes + (size_t)y * stride, NULL);
    }
  }
  job->has_all_rows = 1;
  png_read_end(job->png, NULL);
}

static cic_status run_read(png_job *job, int wants_pixels, cic_image_info *info) {
  memset(info, 0, sizeof *info);
  if (setjmp(job->failed) == 0) {
    read_header(job, info);
    if (wants_pixels) read_pixels(job, *info);
  }
  png_destroy_read_struct(&job->png, &job->info, NULL);
  if (job->status != CIC_OK) cic_buffer_free(&job->output);
  return job->status;
}

cic_status cic_png_read_info(const uint8_t *bytes, size_t count, cic_limits limits, cic_image_info *info,
                             char *message) {
  png_job job = {.message = message, .limits = limits, .input = bytes, .remaining = count};
  return run_read(&job, 0, info);
}

cic_status cic_png_decode(const uint8_t *bytes, size_t count, cic_limits limits, cic_image_info *info,
                          cic_buffer *pixels, char *message) {
  png_job job = {.message = message, .limits = limits, .input = bytes, .remaining = count};
  cic_status status = run_read(&job, 1, info);
  *pixels = job.output;
  return status;
}

static void write_image(png_job *job, cic_image_info info, const uint8_t *pixels) {
  static const int color_types[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                                    PNG_COLOR_TYPE_RGB_ALPHA};
  if (info.channels < 1 || info.channels > 4) fail(job, CIC_UNSUPPORTED, "channels must be 1 to 4");
  job->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, job, on_error, on_warning);
  if (!job->png) fail(job, CIC_OUT_OF_MEMORY, "libpng could not start");
  job->info = png_create_info_struct(job->png);
  if (!job->info) fail(job, CIC_OUT_OF_MEMORY, "libpng could not start");
  png_set_write_fn(job->png, job, write_bytes, flush_bytes);
  png_set_user_limits(job->png, 0x7fffffff, 0x7fffffff);
  png_set_IHDR(job->png, job->info, (png_uint_32)info.width, (png_uint_32)info.height, 8,
               color_types[info.channels - 1], PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  png_write_info(job->png, job->info);
  size_t stride = (size_t)info.width * (size_t)info.channels;
  for (int32_t y = 0; y < info.height; y++) png_write_row(job->png, pixels + (size_t)y * stride);
  png_write_end(job->png, NULL);
}

static cic_status run_write(png_job *job, cic_image_info info, const uint8_t *pixels) {
  if (setjmp(job->failed) == 0) write_image(job, info, pixels);
  png_destroy_write_struct(&job->png, &job->info);
  if (job->status != CIC_OK) cic_buffer_free(&job->output);
  return job->status;
}

cic_status cic_png_encode(cic_image_info info, const uint8_t *pixels, cic_buffer *png, char *message) {
  png_job job = {.message = message};
  cic_status status = run_write(&job, info, pixels);
  *png = job.output;
  return status;
}
