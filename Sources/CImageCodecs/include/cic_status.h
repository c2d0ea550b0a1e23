/// What every codec reports, and the two results they give. Nothing here writes to stderr or ends the process.
#ifndef CIC_STATUS_H
#define CIC_STATUS_H

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

typedef enum cic_status {
  CIC_OK = 0,
  CIC_TRUNCATED,      ///< The bytes end before the data does.
  CIC_DAMAGED,        ///< The bytes break the format's rules.
  CIC_UNSUPPORTED,    ///< Valid, but of a kind this codec does not read.
  CIC_TOO_LARGE,      ///< Larger than the limit given; nothing was allocated for it.
  CIC_OUT_OF_MEMORY,
  CIC_CANCELLED,      ///< The caller asked to stop.
} cic_status;

/// The length of every message buffer, its terminating zero included.
enum { CIC_MESSAGE_CAPACITY = 256 };

/// What a decoder keeps to. It asks `is_cancelled` between rows and passes, and stops where the answer is not 0.
typedef struct cic_limits {
  /// The most pixels, width times height.
  uint64_t pixels;
  int (*_Nullable is_cancelled)(void *_Nullable context);
  void *_Nullable context;
} cic_limits;

int cic_is_cancelled(cic_limits limits);

/// Size and kind of an image. `channels` is that of the decoded pixels: 1 gray, 2 gray and alpha, 3 RGB, 4 RGBA.
typedef struct cic_image_info {
  int32_t width;
  int32_t height;
  int32_t channels;
} cic_image_info;

/// A buffer made by this library; the caller ends it with `cic_buffer_free`. Zero on failure.
typedef struct cic_buffer {
  uint8_t *_Nullable bytes;
  size_t count;
} cic_buffer;

void cic_buffer_free(cic_buffer *buffer);

#pragma clang assume_nonnull end

#endif
