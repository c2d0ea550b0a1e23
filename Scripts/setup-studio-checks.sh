#!/usr/bin/env bash
# Makes .venv-studio, the Python that checks Glow Studio from outside (Tests/StudioChecks): schemathesis and a generator of
# clients for the API; Playwright and axe-core for the page, in Debian's chromium, so that no other browser is downloaded;
# websockets to drive Debian's Firefox.
set -euo pipefail
cd "$(dirname "$0")/.."
. Scripts/packages.sh

venv=.venv-studio
requirements=(schemathesis==4.32.5 playwright==1.65.2 axe-playwright-python==0.1.8 pillow==13.0.0
  openapi-python-client==0.29.1 websockets==17.4)
wanted="${requirements[*]}"
check="import axe_playwright_python, openapi_python_client, PIL, playwright.sync_api, schemathesis, websockets.sync.client"

fail() {
  echo "setup-studio-checks: $*" >&2
  exit 1
}

if command -v apt-get >/dev/null; then
  need_packages chromium || fail "there is no browser to check the page in"
elif ! command -v chromium >/dev/null; then
  fail "please install chromium, the browser that the page is checked in"
fi
if ! command -v firefox-esr >/dev/null; then
  if ! command -v apt-get >/dev/null || ! need_packages firefox-esr; then
    echo "setup-studio-checks: there is no firefox-esr, so the page will not be checked in Firefox" >&2
  fi
fi

if [ "$(cat "$venv/installed" 2>/dev/null)" = "$wanted" ] && "$venv/bin/python" -c "$check" 2>/dev/null; then exit; fi

echo "Installing $wanted in $venv"
log=$venv/pip.log
python3 -m venv --clear "$venv" 2>/dev/null || fail "python3 has no venv module: run Scripts/setup-system.sh"
"$venv/bin/python" -m pip install --disable-pip-version-check "${requirements[@]}" >"$log" 2>&1 ||
  fail "pip could not install $wanted: see $log"
"$venv/bin/python" -c "$check" >>"$log" 2>&1 || fail "the installation is not complete: see $log"
echo "$wanted" >"$venv/installed"
