#include "cic_jpeg.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

/// A progressive file may repeat scans without end, each at the cost of a pass over the picture. Encoders write about ten.
enum { SCAN_LIMIT = 100 };

/// Belongs to the caller of the function that calls setjmp, so that longjmp leaves it intact.
typedef struct jpeg_job {
  struct jpeg_error_mgr errors;
  struct jpeg_progress_mgr progress;
  struct jpeg_decompress_struct jpeg;
  jmp_buf failed;
  cic_status status;
  char *message;
  cic_limits limits;
  unsigned reduction;
  uint8_t *row;
  cic_buffer output;
} jpeg_job;

static void fail(jpeg_job *job, cic_status status, const char *text) {
  job->status = status;
  snprintf(job->message, CIC_MESSAGE_CAPACITY, "%s", text);
  longjmp(job->failed, 1);
}

/// Ends with the text of libjpeg's current message.
static void fail_with_library_text(jpeg_job *job, cic_status status) {
  char text[JMSG_LENGTH_MAX];
  job->errors.format_message((j_common_ptr)&job->jpeg, text);
  fail(job, status, text);
}

static void on_error(j_common_ptr jpeg) {
  jpeg_job *job = jpeg->client_data;
  switch (job->errors.msg_code) {
    case JERR_OUT_OF_MEMORY: fail_with_library_text(job, CIC_OUT_OF_MEMORY);
    case JERR_INPUT_EOF: fail_with_library_text(job, CIC_TRUNCATED);
    case JERR_SOF_UNSUPPORTED:
    case JERR_BAD_PRECISION:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_COMPONENT_COUNT: fail_with_library_text(job, CIC_UNSUPPORTED);
    default: fail_with_library_text(job, CIC_DAMAGED);
  }
}

/// libjpeg reports lost data as a warning and goes on with gray; here it is an error. Harmless oddities pass.
static void on_message(j_common_ptr jpeg, int level) {
  jpeg_job *job = jpeg->client_data;
  if (level >= 0) return;
  switch (job->errors.msg_code) {
    case JWRN_JPEG_EOF: fail_with_library_text(job, CIC_TRUNCATED);
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC: fail_with_library_text(job, CIC_DAMAGED);
    default: return;
  }
}

static void on_output(j_common_ptr jpeg) { (void)jpeg; }

/// For each row of output, and for each row of blocks in each scan of a progressive file.
static void on_progress(j_common_ptr jpeg) {
  jpeg_job *job = jpeg->client_data;
  if (cic_is_cancelled(job->limits)) fail(job, CIC_CANCELLED, "cancelled");
  if (job->jpeg.input_scan_number > SCAN_LIMIT) fail(job, CIC_DAMAGED, "more scans than any encoder writes");
}

/// Reads up to the first scan, checks the size against the limit, and chooses the output colours.
static void read_header(jpeg_job *job, const uint8_t *bytes, size_t count, cic_image_info *info) {
  j_decompress_ptr jpeg = &job->jpeg;
  jpeg_create_decompress(jpeg);
  jpeg->progress = &job->progress;
  jpeg_mem_src(jpeg, bytes, count);
  jpeg_read_header(jpeg, TRUE);

  info->width = (int32_t)jpeg->image_width;
  info->height = (int32_t)jpeg->image_height;
  if ((uint64_t)info->width * (uint64_t)info->height > job->limits.pixels)
    fail(job, CIC_TOO_LARGE, "more pixels than the limit allows");

  switch (jpeg->jpeg_color_space) {
    case JCS_GRAYSCALE:
      jpeg->out_color_space = JCS_GRAYSCALE;
      info->channels = 1;
      return;
    case JCS_RGB:
    case JCS_YCbCr:
      jpeg->out_color_space = JCS_RGB;
      info->channels = 3;
      return;
    case JCS_CMYK:
    case JCS_YCCK:
      jpeg->out_color_space = JCS_CMYK;
      info->channels = 3;
      return;
    default: fail(job, CIC_UNSUPPORTED, "the number of colour components is not 1, 3 or 4");
  }
}

/// Of inks that are stored inverted, 255 where there is none: r = c k, and so on, in 8 bits rounded to nearest.
static void cmyk_to_rgb(const uint8_t *cmyk, uint8_t *rgb, int32_t width) {
  for (int32_t x = 0; x < width; x++) {
    unsigned black = cmyk[4 * x + 3];
    for (int c = 0; c < 3; c++) rgb[3 * x + c] = (uint8_t)((cmyk[4 * x + c] * black + 127) / 255);
  }
}

/// A Huffman code is a bit or longer for every block of 64 samples, and one component at least has a sample for every four
/// pixels. Arithmetic codes have no such bound.
static void check_length(jpeg_job *job, cic_image_info info) {
  uint64_t blocks = (uint64_t)info.width * (uint64_t)info.height / (64 * 4);
  if (!job->jpeg.arith_code && blocks / 8 > job->jpeg.src->bytes_in_buffer)
    fail(job, CIC_TRUNCATED, "more pixels than the file's bytes can hold");
}

static JDIMENSION reduced(int32_t side, const jpeg_job *job) {
  return ((JDIMENSION)side + job->reduction - 1) / job->reduction;
}

/// All of the file's data is parsed at every reduction, so that damage is found the same.
static void read_pixels(jpeg_job *job, cic_image_info info) {
  j_decompress_ptr jpeg = &job->jpeg;
  check_length(job, info);
  jpeg->scale_num = 1;
  jpeg->scale_denom = job->reduction;
  jpeg_calc_output_dimensions(jpeg);
  if (jpeg->output_width != reduced(info.width, job) || jpeg->output_height != reduced(info.height, job))
    fail(job, CIC_UNSUPPORTED, "it cannot be decoded at a reduced scale");
  size_t stride = (size_t)jpeg->output_width * (size_t)info.channels;
  job->output.count = stride * (size_t)jpeg->output_height;
  job->output.bytes = malloc(job->output.count);
  job->row = malloc((size_t)jpeg->output_width * 4);
  if (!job->output.bytes || !job->row) fail(job, CIC_OUT_OF_MEMORY, "no memory for the pixels");

  jpeg_start_decompress(jpeg);
  int is_cmyk = jpeg->out_color_space == JCS_CMYK;
  while (jpeg->output_scanline < jpeg->output_height) {
    uint8_t *target = job->output.bytes + (size_t)jpeg->output_scanline * stride;
    JSAMPROW row = is_cmyk ? job->row : target;
    jpeg_read_scanlines(jpeg, &row, 1);
    if (is_cmyk) cmyk_to_rgb(row, target, (int32_t)jpeg->output_width);
  }
  jpeg_finish_decompress(jpeg);
}

static void connect_callbacks(jpeg_job *job) {
  job->jpeg.err = jpeg_std_error(&job->errors);
  job->jpeg.client_data = job;
  job->errors.error_exit = on_error;
  job->errors.emit_message = on_message;
  job->errors.output_message = on_output;
  job->progress.progress_monitor = on_progress;
}

static cic_status run(jpeg_job *job, const uint8_t *bytes, size_t count, int wants_pixels, cic_image_info *info) {
  memset(info, 0, sizeof *info);
  connect_callbacks(job);
  if (setjmp(job->failed) == 0) {
    read_header(job, bytes, count, info);
    if (wants_pixels) read_pixels(job, *info);
  }
  jpeg_destroy_decompress(&job->jpeg);
  free(job->row);
  if (job->status != CIC_OK) cic_buffer_free(&job->output);
  return job->status;
}

cic_status cic_jpeg_read_info(const uint8_t *bytes, size_t count, cic_limits limits, cic_image_info *info,
                              char *message) {
  jpeg_job job = {.message = message, .limits = limits};
  return run(&job, bytes, count, 0, info);
}

cic_status cic_jpeg_decode(const uint8_t *bytes, size_t count, cic_limits limits, int reduction, cic_image_info *info,
                           cic_buffer *pixels, char *message) {
  jpeg_job job = {.message = message, .limits = limits, .reduction = (unsigned)reduction};
  cic_status status = run(&job, bytes, count, 1, info);
  *pixels = job.output;
  return status;
}
