# shellcheck shell=bash
# Sourced by the set-up scripts: installs what is missing, Debian packages by name, a Python that reads pictures, one that
# draws faces, and one that reads models.

# need_packages NAME...: nothing to do, nothing said.
need_packages() {
  local name missing=() as_root=()
  for name in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || missing+=("$name")
  done
  if [ ${#missing[@]} -eq 0 ]; then return; fi
  if [ "$(id -u)" -ne 0 ]; then
    if ! sudo -n true 2>/dev/null; then
      echo "Debian packages are missing; run this, then try again: sudo apt-get install ${missing[*]}" >&2
      return 1
    fi
    as_root=(sudo -n)
  fi
  echo "Installing Debian packages: ${missing[*]}"
  if ! "${as_root[@]}" apt-get update -qq || ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null; then
    echo "apt-get could not install ${missing[*]}" >&2
    return 1
  fi
}

# need_pillow: makes .venv-pictures, a Python with numpy and the Pillow of PyPI, which brings WebP and Raqm along.
need_pillow() {
  if .venv-pictures/bin/python -c 'import numpy, PIL' 2>/dev/null; then return; fi
  python3 -c 'import venv, ensurepip' 2>/dev/null || need_packages python3-venv || return
  if ! python3 -m venv --clear .venv-pictures ||
    ! .venv-pictures/bin/python -m pip install --quiet --disable-pip-version-check numpy pillow; then
    echo "pip could not install numpy and pillow in .venv-pictures" >&2
    return 1
  fi
}

# The versions decide how faces look, to the byte.
dicebear=(dicebear-core==10.7.0 dicebear-styles==10.6.0 resvg-py==0.5.0 pillow==13.0.0)

# need_dicebear: makes .venv-faces, a Python with DiceBear, the renderer resvg, and Pillow.
need_dicebear() {
  local venv=.venv-faces
  if [ "$(cat "$venv/installed" 2>/dev/null)" = "${dicebear[*]}" ] &&
    "$venv/bin/python" -c 'import dicebear, dicebear_styles, PIL, resvg_py' 2>/dev/null; then return; fi
  python3 -c 'import venv, ensurepip' 2>/dev/null || need_packages python3-venv || return
  echo "Installing ${dicebear[*]} in $venv"
  python3 -m venv --clear "$venv" || return
  if ! "$venv/bin/python" -m pip install --disable-pip-version-check "${dicebear[@]}" >"$venv/pip.log" 2>&1; then
    echo "pip could not install ${dicebear[*]}: see $venv/pip.log" >&2
    return 1
  fi
  echo "${dicebear[*]}" >"$venv/installed"
}

# What reads models, beside the torch and numpy of .libtorch/venv; all but the first is for the checks.
reader=(safetensors==0.8.0 pillow==13.0.0 matplotlib==3.11.2 setuptools==84.2.1 mypy==2.4.1)

# need_reader: makes .venv-python, a Python that also finds the packages of .libtorch/venv, which stays as it is.
need_reader() {
  local venv=.venv-python site
  if [ "$(cat "$venv/installed" 2>/dev/null)" = "${reader[*]}" ] &&
    "$venv/bin/python" -c 'import matplotlib, mypy, numpy, PIL, safetensors, setuptools, torch' 2>/dev/null; then return; fi
  echo "Installing ${reader[*]} in $venv"
  site=$(.libtorch/venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))') || return
  .libtorch/venv/bin/python -m venv --clear "$venv" || return
  echo "$site" >"$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/libtorch.pth"
  if ! "$venv/bin/python" -m pip install --disable-pip-version-check "${reader[@]}" >"$venv/pip.log" 2>&1; then
    echo "pip could not install ${reader[*]}: see $venv/pip.log" >&2
    return 1
  fi
  echo "${reader[*]}" >"$venv/installed"
}
