#!/usr/bin/env bash
# Installs Debian packages when a command is missing: need.sh COMMAND PACKAGE...
set -euo pipefail
command -v "$1" >/dev/null && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "$1 is missing; install it (on Debian: apt-get install ${*:2})" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${@:2}" >/dev/null
