#include "cic_orientation.h"

#include <string.h>

/// Where the upright picture's pixels lie among the stored ones, in pixels: its first one, and the steps from one to its
/// right-hand neighbor and to the one below.
typedef struct walk {
  ptrdiff_t first;
  ptrdiff_t across;
  ptrdiff_t down;
} walk;

/// The Exif standard says of each value at which sides of the picture the first stored row and column are.
static walk walk_of(int orientation, ptrdiff_t width, ptrdiff_t height) {
  ptrdiff_t right = width - 1, bottom = (height - 1) * width;
  switch (orientation) {
    case 2: return (walk){right, -1, width};
    case 3: return (walk){bottom + right, -1, -width};
    case 4: return (walk){bottom, 1, -width};
    case 5: return (walk){0, width, 1};
    case 6: return (walk){bottom, -width, 1};
    case 7: return (walk){bottom + right, -width, -1};
    case 8: return (walk){right, width, -1};
    default: return (walk){0, 1, width};
  }
}

/// In blocks: those of a picture that is turned have as many source rows as columns, which stay in the cache.
static inline __attribute__((always_inline)) void copy(const uint8_t *stored, walk walk, size_t width, size_t height,
                                                       size_t channels, uint8_t *upright) {
  enum { BLOCK = 32 };
  for (size_t top = 0; top < height; top += BLOCK) {
    size_t bottom = height - top < BLOCK ? height : top + BLOCK;
    for (size_t left = 0; left < width; left += BLOCK) {
      size_t right = width - left < BLOCK ? width : left + BLOCK;
      for (size_t y = top; y < bottom; y++) {
        ptrdiff_t source = walk.first + (ptrdiff_t)y * walk.down + (ptrdiff_t)left * walk.across;
        uint8_t *target = upright + (y * width + left) * channels;
        for (size_t x = left; x < right; x++, source += walk.across, target += channels)
          memcpy(target, stored + source * (ptrdiff_t)channels, channels);
      }
    }
  }
}

void cic_copy_upright(const uint8_t *stored, size_t width, size_t height, size_t channels, int orientation,
                      uint8_t *upright) {
  if (orientation <= 1 || orientation > 8) {
    memcpy(upright, stored, width * height * channels);
    return;
  }
  walk walk = walk_of(orientation, (ptrdiff_t)width, (ptrdiff_t)height);
  size_t across = orientation >= 5 ? height : width, down = orientation >= 5 ? width : height;
  switch (channels) {
    case 1: copy(stored, walk, across, down, 1, upright); break;
    case 2: copy(stored, walk, across, down, 2, upright); break;
    case 3: copy(stored, walk, across, down, 3, upright); break;
    case 4: copy(stored, walk, across, down, 4, upright); break;
  }
}
