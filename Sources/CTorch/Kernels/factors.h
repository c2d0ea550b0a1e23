// How the factors of a kernel's products are held: as the numbers are, or rounded to bfloat16.
#pragma once

#include "bfloat16.h"
#include "vectors.h"

namespace ctorch {

/// Factors of products as they are.
template <class Number>
struct Exact {
  using Scalar = Number;
  using Operand = Number;
  static constexpr bool rounds = false;

  /// As many rows or columns, with those that are added for evenness.
  static int64_t padded(int64_t count) { return count; }

  /// Workspace for what the functions below make of at most `rows` rows of at most `width` numbers.
  struct Workspace {
    Operand *transposed;
    static int64_t size(int64_t rows, int64_t width) { return rows * width; }
    Workspace(Operand *memory, int64_t, int64_t) : transposed(memory) {}
  };

  /// Rows as a left factor, which they are.
  static const Operand *left(const Scalar *rows, int64_t, int64_t, const Workspace &) { return rows; }
  static void finish() {}
};

/// Factors rounded to bfloat16; sums stay float32.
struct Rounded {
  using Scalar = float;
  using Operand = BFloat16;
  static constexpr bool rounds = true;

  static int64_t padded(int64_t count) { return (count + 1) / 2 * 2; }

  struct Workspace {
    Operand *transposed, *left, *right;
    static int64_t size(int64_t rows, int64_t width) { return 3 * padded(rows) * padded(width); }
    Workspace(Operand *memory, int64_t rows, int64_t width)
        : transposed(memory), left(transposed + padded(rows) * padded(width)), right(left + padded(rows) * padded(width)) {}
  };

  static const Operand *left(const float *rows, int64_t count, int64_t width, const Workspace &workspace) {
    round_rows(rows, count, width, workspace.left, padded(width));
    return workspace.left;
  }
  static const Operand *right(const float *rows, int64_t count, int64_t width, const Workspace &workspace) {
    round_pairs(rows, count, width, workspace.right);
    return workspace.right;
  }
  /// Rows of a left factor, transposed, as a left factor whose rows are `padded(count)` apart. Overwrites the right factor of
  /// `workspace`.
  static const Operand *transposed(const Operand *rows, int64_t count, int64_t width, const Workspace &workspace) {
    transpose(rows, count, width, workspace.transposed, workspace.right);
    return workspace.transposed;
  }
  /// Gives back what some processors hold for such products, at the end of a tile.
  static void finish();
};

}  // namespace ctorch
