#!/usr/bin/env bash
# Links the built program anew, apart from libtorch, into folder $1:
#   glow               loads the library beside it when it first calls it
#   libglow-torch.so   the package's C++ (CTorch), which needs libtorch; without a soname, so that what is linked with it
#                      by its path looks for it there
# The program finds the library by its rpath, $ORIGIN/../lib/glow. It needs `make build` before it.
#   CONFIGURATION      as of make (default release)
#   LIBTORCH_DIR       as of make (default .libtorch)
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
  echo "lazy-torch: $*" >&2
  exit 1
}

out=$1
libtorch=${LIBTORCH_DIR:-$PWD/.libtorch}
built=$(cd ".build/${CONFIGURATION:-release}" && pwd -P)
objects=$built/glow.product/Objects.LinkFileList
[ -f "$objects" ] || fail "there is no $objects: run make build first"
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

grep '/CTorch\.build/' "$objects" >"$work/torch"
grep -v '/CTorch\.build/' "$objects" >"$work/rest"
torch=(-ltorch_cpu -lc10)
# One for NVIDIA GPUs registers itself when it is loaded, so it is needed whether or not a symbol of it is used.
if [ -f "$libtorch/lib/libtorch_cuda.so" ]; then torch+=("-Wl,--no-as-needed" -ltorch_cuda -lc10_cuda); fi
c++ -shared -o "$out/libglow-torch.so" "@$work/torch" -L"$libtorch/lib" "${torch[@]}" -Wl,--gc-sections \
  -Wl,-rpath,\$ORIGIN

# The functions that the program calls and the library has.
nm -u "@$work/rest" 2>/dev/null | awk '$1 == "U" { print $2 }' | sort -u >"$work/called"
nm -D --defined-only "$out/libglow-torch.so" | awk '$2 == "T" && $3 ~ /^ct_/ { print $3 }' | sort -u >"$work/had"
comm -12 "$work/called" "$work/had" >"$work/functions"
[ -s "$work/functions" ] || fail "the program calls nothing of libtorch: the objects are not those of this package"

# A stub jumps to where the table says: at first to what loads the library, which keeps the arguments.
awk '
  { name[NR - 1] = $1 }
  END {
    print ".section .note.GNU-stack,\"\",%progbits"
    print ".data\n.balign 8\n.globl glow_torch_table\nglow_torch_table:"
    for (i = 0; i < NR; i++) print ".quad .Lfirst" i
    print ".section .rodata\n.globl glow_torch_names\nglow_torch_names:"
    for (i = 0; i < NR; i++) print ".asciz \"" name[i] "\""
    print ".byte 0\n.text\n.balign 16"
    print "#if defined(__x86_64__)"
    print ".Lload:"
    split("rax rdi rsi rdx rcx r8 r9", whole)
    for (i = 1; i <= 7; i++) print "push %" whole[i]
    print "sub $136, %rsp"
    for (i = 0; i < 8; i++) print "movups %xmm" i ", " 16 * i "(%rsp)"
    print "mov 192(%rsp), %rdi\ncall glow_torch_load\nmov %rax, %r11"
    for (i = 0; i < 8; i++) print "movups " 16 * i "(%rsp), %xmm" i
    print "add $136, %rsp"
    for (i = 7; i >= 1; i--) print "pop %" whole[i]
    print "add $8, %rsp\njmp *%r11"
    print "#elif defined(__aarch64__)"
    print ".Lload:\nstp x29, x30, [sp, #-224]!\nmov x29, sp"
    for (i = 0; i < 8; i += 2) print "stp x" i ", x" i + 1 ", [sp, #" 16 + 8 * i "]"
    print "str x8, [sp, #80]"
    for (i = 0; i < 8; i += 2) print "stp q" i ", q" i + 1 ", [sp, #" 96 + 16 * i "]"
    print "mov x0, x17\nbl glow_torch_load\nmov x16, x0"
    for (i = 0; i < 8; i += 2) print "ldp q" i ", q" i + 1 ", [sp, #" 96 + 16 * i "]"
    print "ldr x8, [sp, #80]"
    for (i = 0; i < 8; i += 2) print "ldp x" i ", x" i + 1 ", [sp, #" 16 + 8 * i "]"
    print "ldp x29, x30, [sp], #224\nbr x16"
    print "#else\n#error \"stubs are written for x86-64 and aarch64\"\n#endif"
    for (i = 0; i < NR; i++) {
      print ".globl " name[i] "\n.type " name[i] ", %function\n" name[i] ":"
      print "#if defined(__x86_64__)\njmp *glow_torch_table+" 8 * i "(%rip)"
      print ".Lfirst" i ":\npush $" i "\njmp .Lload\n#else"
      print "adrp x16, glow_torch_table+" 8 * i "\nldr x16, [x16, #:lo12:glow_torch_table+" 8 * i "]\nbr x16"
      print ".Lfirst" i ":\nmov x17, #" i "\nb .Lload\n#endif"
    }
  }' "$work/functions" >"$work/stubs.S"

cc -O2 -fPIC -c -o "$work/stubs.o" "$work/stubs.S"
cc -O2 -fPIC -c -o "$work/lazy.o" Packaging/lazy_torch.c
# An rpath of the old kind also serves the libraries' own needs.
swiftc -o "$out/glow" -module-name glow -emit-executable -lstdc++ -no-toolchain-stdlib-rpath \
  -Xlinker --gc-sections -Xlinker --defsym -Xlinker main=glow_main \
  -Xlinker --disable-new-dtags -Xlinker -rpath -Xlinker "\$ORIGIN/../lib/glow" \
  "@$work/rest" "$work/stubs.o" "$work/lazy.o" -lpng -ljpeg -lwebp -ljxl -lz
