#include "cic_jxl.h"

#include <jxl/decode.h>
#include <jxl/encode.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cic_status report(char *message, cic_status status, const char *text) {
  snprintf(message, CIC_MESSAGE_CAPACITY, "%s", text);
  return status;
}

static JxlPixelFormat format_of(int32_t channels) {
  return (JxlPixelFormat){(uint32_t)channels, JXL_TYPE_UINT8, JXL_NATIVE_ENDIAN, 0};
}

// --- Decoding ---

static cic_status take_info(JxlDecoder *decoder, cic_limits limits, cic_image_info *info, char *message) {
  JxlBasicInfo basic;
  if (JxlDecoderGetBasicInfo(decoder, &basic) != JXL_DEC_SUCCESS)
    return report(message, CIC_DAMAGED, "the bit stream breaks the format's rules");
  if ((uint64_t)basic.xsize * basic.ysize > limits.pixels)
    return report(message, CIC_TOO_LARGE, "more pixels than the limit allows");
  const int is_plain = basic.bits_per_sample == 8 && basic.exponent_bits_per_sample == 0 && !basic.have_animation &&
                       basic.num_extra_channels == 0 && basic.uses_original_profile;
  if (!is_plain) return report(message, CIC_UNSUPPORTED, "no still picture of 8 bits without loss");
  info->width = (int32_t)basic.xsize;
  info->height = (int32_t)basic.ysize;
  info->channels = (int32_t)basic.num_color_channels;
  return CIC_OK;
}

static cic_status give_buffer(JxlDecoder *decoder, cic_image_info info, cic_buffer *pixels, char *message) {
  const JxlPixelFormat format = format_of(info.channels);
  const size_t size = (size_t)info.width * (size_t)info.height * (size_t)info.channels;
  size_t needed = 0;
  if (pixels->bytes || JxlDecoderImageOutBufferSize(decoder, &format, &needed) != JXL_DEC_SUCCESS || needed != size)
    return report(message, CIC_DAMAGED, "the bit stream breaks the format's rules");
  pixels->bytes = malloc(size);
  if (!pixels->bytes) return report(message, CIC_OUT_OF_MEMORY, "no memory for the pixels");
  pixels->count = size;
  if (JxlDecoderSetImageOutBuffer(decoder, &format, pixels->bytes, size) != JXL_DEC_SUCCESS)
    return report(message, CIC_DAMAGED, "the bit stream breaks the format's rules");
  return CIC_OK;
}

cic_status cic_jxl_decode(const uint8_t *bytes, size_t count, cic_limits limits, cic_image_info *info,
                          cic_buffer *pixels, char *message) {
  *pixels = (cic_buffer){0};
  memset(info, 0, sizeof *info);
  JxlDecoder *decoder = JxlDecoderCreate(NULL);
  if (!decoder) return report(message, CIC_OUT_OF_MEMORY, "no memory for the decoder");
  cic_status status = CIC_OK;
  if (JxlDecoderSubscribeEvents(decoder, JXL_DEC_BASIC_INFO | JXL_DEC_FULL_IMAGE) != JXL_DEC_SUCCESS ||
      JxlDecoderSetInput(decoder, bytes, count) != JXL_DEC_SUCCESS)
    status = report(message, CIC_UNSUPPORTED, "libjxl is of another version");
  JxlDecoderCloseInput(decoder);
  int is_whole = 0;
  while (status == CIC_OK && !is_whole) {
    if (cic_is_cancelled(limits)) {
      status = report(message, CIC_CANCELLED, "cancelled");
      break;
    }
    switch (JxlDecoderProcessInput(decoder)) {
      case JXL_DEC_BASIC_INFO: status = take_info(decoder, limits, info, message); break;
      case JXL_DEC_NEED_IMAGE_OUT_BUFFER: status = give_buffer(decoder, *info, pixels, message); break;
      case JXL_DEC_FULL_IMAGE: is_whole = 1; break;
      case JXL_DEC_NEED_MORE_INPUT: status = report(message, CIC_TRUNCATED, "the file ends inside the picture"); break;
      default: status = report(message, CIC_DAMAGED, "the bit stream breaks the format's rules");
    }
  }
  JxlDecoderDestroy(decoder);
  if (status == CIC_OK && !pixels->bytes) status = report(message, CIC_DAMAGED, "a file without pixels");
  if (status != CIC_OK) cic_buffer_free(pixels);
  return status;
}

// --- Encoding ---

// By efforts above 7, libjxl 0.7 ends the process where a group of 256 x 256 pixels, or what is left of one at an edge, is too small or
// too uniform to learn from.
enum { MOST_SAFE_EFFORT = 7, GROUP_SIDE = 256, LEAST_PIXELS = 1024, LEAST_VALUES = 16 };

static bool is_varied(cic_image_info info, const uint8_t *pixels, int left, int top) {
  const int right = info.width - left < GROUP_SIDE ? info.width : left + GROUP_SIDE;
  const int bottom = info.height - top < GROUP_SIDE ? info.height : top + GROUP_SIDE;
  if ((right - left) * (bottom - top) < LEAST_PIXELS) return false;
  bool seen[256] = {false};
  int values = 0;
  for (int y = top; y < bottom; y++) {
    for (int x = left; x < right; x++) {
      bool *const value = &seen[pixels[((size_t)y * (size_t)info.width + (size_t)x) * (size_t)info.channels]];
      if (!*value && ++values == LEAST_VALUES) return true;
      *value = true;
    }
  }
  return false;
}

static bool takes_any_effort(cic_image_info info, const uint8_t *pixels) {
  for (int top = 0; top < info.height; top += GROUP_SIDE) {
    for (int left = 0; left < info.width; left += GROUP_SIDE) {
      if (!is_varied(info, pixels, left, top)) return false;
    }
  }
  return true;
}

static int set_up(JxlEncoder *encoder, cic_image_info info, const uint8_t *pixels, int effort) {
  JxlBasicInfo basic;
  JxlEncoderInitBasicInfo(&basic);
  basic.xsize = (uint32_t)info.width;
  basic.ysize = (uint32_t)info.height;
  basic.bits_per_sample = 8;
  basic.num_color_channels = (uint32_t)info.channels;
  basic.uses_original_profile = JXL_TRUE;
  JxlColorEncoding color;
  JxlColorEncodingSetToSRGB(&color, info.channels == 1);
  JxlEncoderFrameSettings *settings = JxlEncoderFrameSettingsCreate(encoder, NULL);
  const JxlPixelFormat format = format_of(info.channels);
  const size_t size = (size_t)info.width * (size_t)info.height * (size_t)info.channels;
  return settings && JxlEncoderSetBasicInfo(encoder, &basic) == JXL_ENC_SUCCESS &&
         JxlEncoderSetColorEncoding(encoder, &color) == JXL_ENC_SUCCESS &&
         JxlEncoderSetFrameLossless(settings, JXL_TRUE) == JXL_ENC_SUCCESS &&
         JxlEncoderFrameSettingsSetOption(settings, JXL_ENC_FRAME_SETTING_EFFORT, effort) == JXL_ENC_SUCCESS &&
         JxlEncoderAddImageFrame(settings, &format, pixels, size) == JXL_ENC_SUCCESS;
}

cic_status cic_jxl_encode(cic_image_info info, const uint8_t *pixels, int effort, cic_buffer *output, char *message) {
  *output = (cic_buffer){0};
  if (effort < 1 || effort > CIC_JXL_MOST_EFFORT) return report(message, CIC_UNSUPPORTED, "an effort that is not taken");
  if (effort > MOST_SAFE_EFFORT && !takes_any_effort(info, pixels)) effort = MOST_SAFE_EFFORT;
  JxlEncoder *encoder = JxlEncoderCreate(NULL);
  if (!encoder) return report(message, CIC_OUT_OF_MEMORY, "no memory for the encoder");
  JxlEncoderStatus status = set_up(encoder, info, pixels, effort) ? JXL_ENC_NEED_MORE_OUTPUT : JXL_ENC_ERROR;
  JxlEncoderCloseInput(encoder);
  size_t room = 0;
  while (status == JXL_ENC_NEED_MORE_OUTPUT) {
    room = room ? 2 * room : 1 << 16;
    uint8_t *grown = realloc(output->bytes, room);
    if (!grown) break;
    output->bytes = grown;
    uint8_t *next = grown + output->count;
    size_t left = room - output->count;
    status = JxlEncoderProcessOutput(encoder, &next, &left);
    output->count = (size_t)(next - grown);
  }
  JxlEncoderDestroy(encoder);
  if (status == JXL_ENC_SUCCESS) return CIC_OK;
  cic_buffer_free(output);
  return report(message, CIC_OUT_OF_MEMORY, "libjxl cannot encode the picture");
}
