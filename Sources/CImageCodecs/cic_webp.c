#include "cic_webp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <webp/decode.h>
#include <webp/encode.h>

static cic_status report(char *message, cic_status status, const char *text) {
  snprintf(message, CIC_MESSAGE_CAPACITY, "%s", text);
  return status;
}

static cic_status report_code(char *message, VP8StatusCode code) {
  switch (code) {
    case VP8_STATUS_OK: return CIC_OK;
    case VP8_STATUS_OUT_OF_MEMORY: return report(message, CIC_OUT_OF_MEMORY, "no memory for the pixels");
    case VP8_STATUS_NOT_ENOUGH_DATA: return report(message, CIC_TRUNCATED, "the file ends inside a chunk");
    case VP8_STATUS_UNSUPPORTED_FEATURE: return report(message, CIC_UNSUPPORTED, "a feature libwebp does not read");
    default: return report(message, CIC_DAMAGED, "the bit stream breaks the format's rules");
  }
}

/// `CIC_TRUNCATED` where the container says that it is longer than the bytes are.
static cic_status check_length(const uint8_t *bytes, size_t count, char *message) {
  if (count < 8) return report(message, CIC_TRUNCATED, "the file ends inside its header");
  size_t stated = bytes[4] | (size_t)bytes[5] << 8 | (size_t)bytes[6] << 16 | (size_t)bytes[7] << 24;
  return stated > count - 8 ? report(message, CIC_TRUNCATED, "the file is shorter than its header says") : CIC_OK;
}

cic_status cic_webp_read_info(const uint8_t *bytes, size_t count, cic_limits limits, cic_image_info *info,
                              char *message) {
  memset(info, 0, sizeof *info);
  WebPBitstreamFeatures features;
  cic_status status = report_code(message, WebPGetFeatures(bytes, count, &features));
  if (status != CIC_OK) return status;
  if (features.has_animation) return report(message, CIC_UNSUPPORTED, "animated");
  info->width = features.width;
  info->height = features.height;
  info->channels = features.has_alpha ? 4 : 3;
  if ((uint64_t)info->width * (uint64_t)info->height > limits.pixels)
    return report(message, CIC_TOO_LARGE, "more pixels than the limit allows");
  return CIC_OK;
}

/// Hands the bytes on in slices, between which the caller can stop it. Few: a header that is not all there is read anew
/// with each.
static cic_status decode_in_slices(const uint8_t *bytes, size_t count, cic_limits limits, WebPDecoderConfig *config,
                                   char *message) {
  enum { SLICES = 16, SHORTEST = 1 << 16 };
  size_t slice = count / SLICES > SHORTEST ? count / SLICES : SHORTEST;
  WebPIDecoder *decoder = WebPIDecode(NULL, 0, config);
  if (!decoder) return report(message, CIC_OUT_OF_MEMORY, "no memory for the decoder");
  VP8StatusCode code = VP8_STATUS_SUSPENDED;
  int is_cancelled = 0;
  for (size_t end = 0; code == VP8_STATUS_SUSPENDED && end < count && !is_cancelled;) {
    end = count - end > slice ? end + slice : count;
    code = WebPIUpdate(decoder, bytes, end);
    is_cancelled = cic_is_cancelled(limits);
  }
  WebPIDelete(decoder);
  if (is_cancelled) return report(message, CIC_CANCELLED, "cancelled");
  return code == VP8_STATUS_SUSPENDED ? report(message, CIC_TRUNCATED, "the file ends inside a chunk")
                                      : report_code(message, code);
}

cic_status cic_webp_decode(const uint8_t *bytes, size_t count, cic_limits limits, cic_image_info *info,
                           cic_buffer *pixels, char *message) {
  *pixels = (cic_buffer){0};
  cic_status status = cic_webp_read_info(bytes, count, limits, info, message);
  if (status == CIC_OK) status = check_length(bytes, count, message);
  if (status != CIC_OK) return status;

  WebPDecoderConfig config;
  if (!WebPInitDecoderConfig(&config)) return report(message, CIC_UNSUPPORTED, "libwebp is of another version");
  size_t stride = (size_t)info->width * (size_t)info->channels;
  pixels->count = stride * (size_t)info->height;
  pixels->bytes = malloc(pixels->count);
  if (!pixels->bytes) return report(message, CIC_OUT_OF_MEMORY, "no memory for the pixels");
  config.output.colorspace = info->channels == 4 ? MODE_RGBA : MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA.rgba = pixels->bytes;
  config.output.u.RGBA.stride = (int)stride;
  config.output.u.RGBA.size = pixels->count;
  status = decode_in_slices(bytes, count, limits, &config, message);
  WebPFreeDecBuffer(&config.output);
  if (status != CIC_OK) cic_buffer_free(pixels);
  return status;
}

cic_status cic_webp_encode(const uint8_t *pixels, int32_t width, int32_t height, int effort, cic_buffer *output,
                           char *message) {
  *output = (cic_buffer){0};
  WebPConfig config;
  WebPPicture picture;
  if (!WebPConfigInit(&config) || !WebPConfigLosslessPreset(&config, effort) || !WebPPictureInit(&picture))
    return report(message, CIC_UNSUPPORTED, "libwebp is of another version");
  config.exact = 1;
  picture.use_argb = 1;
  picture.width = width;
  picture.height = height;
  WebPMemoryWriter writer;
  WebPMemoryWriterInit(&writer);
  picture.writer = WebPMemoryWrite;
  picture.custom_ptr = &writer;
  if (!WebPPictureImportRGB(&picture, pixels, 3 * width) || !WebPEncode(&config, &picture)) {
    const WebPEncodingError code = picture.error_code;
    WebPPictureFree(&picture);
    WebPMemoryWriterClear(&writer);
    if (code == VP8_ENC_ERROR_BAD_DIMENSION) return report(message, CIC_TOO_LARGE, "more pixels a side than WebP has");
    return report(message, CIC_OUT_OF_MEMORY, "no memory for the picture");
  }
  WebPPictureFree(&picture);
  // By the C library's own allocation, as all buffers are.
  output->bytes = malloc(writer.size);
  if (output->bytes) {
    memcpy(output->bytes, writer.mem, writer.size);
    output->count = writer.size;
  }
  WebPMemoryWriterClear(&writer);
  return output->bytes ? CIC_OK : report(message, CIC_OUT_OF_MEMORY, "no memory for the file");
}
