#!/bin/sh
# Prints the path of a Chromium; root on Debian or Ubuntu gets one installed.
set -eu

find_chromium() {
    command -v "${CHROMIUM:-chromium}" || command -v chromium-browser || command -v google-chrome
}

if find_chromium; then
    exit
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Chromium, once" >&2
    { apt-get update -qq && apt-get install -y -qq chromium; } >/dev/null 2>&1 || true
fi
find_chromium || {
    echo "error: Chromium not found; install it (Debian: apt install chromium) or set CHROMIUM=…" >&2
    exit 1
}
