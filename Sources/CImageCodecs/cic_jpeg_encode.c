#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include "cic_jpeg.h"

/// Belongs to the caller of the function that calls setjmp, so that longjmp leaves it intact.
typedef struct encoding_job {
  struct jpeg_error_mgr errors;
  struct jpeg_compress_struct jpeg;
  struct jpeg_destination_mgr destination;
  jmp_buf failed;
  cic_status status;
  char *message;
  cic_buffer output;
  size_t capacity;
} encoding_job;

static void fail(encoding_job *job, cic_status status, const char *text) {
  job->status = status;
  snprintf(job->message, CIC_MESSAGE_CAPACITY, "%s", text);
  longjmp(job->failed, 1);
}

static void on_error(j_common_ptr jpeg) {
  encoding_job *job = jpeg->client_data;
  char text[JMSG_LENGTH_MAX];
  job->errors.format_message(jpeg, text);
  fail(job, CIC_UNSUPPORTED, text);
}

static void on_message(j_common_ptr jpeg, int level) {
  (void)jpeg;
  (void)level;
}

static void on_output(j_common_ptr jpeg) { (void)jpeg; }

/// Makes room behind what is written.
static boolean grow(j_compress_ptr jpeg) {
  encoding_job *job = jpeg->client_data;
  size_t capacity = job->capacity * 2 + 65536;
  uint8_t *grown = realloc(job->output.bytes, capacity);
  if (!grown) fail(job, CIC_OUT_OF_MEMORY, "no memory for the encoded image");
  size_t written = job->capacity;
  job->output.bytes = grown;
  job->capacity = capacity;
  job->destination.next_output_byte = grown + written;
  job->destination.free_in_buffer = capacity - written;
  return TRUE;
}

static void begin(j_compress_ptr jpeg) { grow(jpeg); }

static void finish(j_compress_ptr jpeg) {
  encoding_job *job = jpeg->client_data;
  job->output.count = job->capacity - job->destination.free_in_buffer;
}

static void write_image(encoding_job *job, cic_image_info info, const uint8_t *pixels, int quality) {
  j_compress_ptr jpeg = &job->jpeg;
  jpeg_create_compress(jpeg);
  job->destination = (struct jpeg_destination_mgr){
      .init_destination = begin, .empty_output_buffer = grow, .term_destination = finish};
  jpeg->dest = &job->destination;
  jpeg->image_width = (JDIMENSION)info.width;
  jpeg->image_height = (JDIMENSION)info.height;
  jpeg->input_components = info.channels;
  jpeg->in_color_space = info.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(jpeg);
  jpeg_set_quality(jpeg, quality, TRUE);
  jpeg->optimize_coding = TRUE;
  jpeg->comp_info[0].h_samp_factor = jpeg->comp_info[0].v_samp_factor = 1;
  jpeg_start_compress(jpeg, TRUE);
  size_t stride = (size_t)info.width * (size_t)info.channels;
  while (jpeg->next_scanline < jpeg->image_height) {
    JSAMPROW row = (JSAMPROW)(pixels + (size_t)jpeg->next_scanline * stride);
    jpeg_write_scanlines(jpeg, &row, 1);
  }
  jpeg_finish_compress(jpeg);
}

static cic_status run(encoding_job *job, cic_image_info info, const uint8_t *pixels, int quality) {
  job->jpeg.err = jpeg_std_error(&job->errors);
  job->jpeg.client_data = job;
  job->errors.error_exit = on_error;
  job->errors.emit_message = on_message;
  job->errors.output_message = on_output;
  if (setjmp(job->failed) == 0) write_image(job, info, pixels, quality);
  jpeg_destroy_compress(&job->jpeg);
  if (job->status != CIC_OK) cic_buffer_free(&job->output);
  return job->status;
}

cic_status cic_jpeg_encode(cic_image_info info, const uint8_t *pixels, int quality, cic_buffer *encoded,
                           char *message) {
  encoding_job job = {.message = message};
  cic_status status = run(&job, info, pixels, quality);
  *encoded = job.output;
  return status;
}
