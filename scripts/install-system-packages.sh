#!/usr/bin/env bash
# What the tests need beyond npm's packages: Prometheus, for the alert rules and the scrape of examples/observability.
# Does nothing where it is there already.
set -euo pipefail

if command -v prometheus >/dev/null && command -v promtool >/dev/null; then exit 0; fi

if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
  echo 'Prometheus is not installed, and cannot be without apt-get and root: the tests of examples/observability will fail.' >&2
  exit 0
fi

export DEBIAN_FRONTEND=noninteractive
# The package would start a server of its own; only the programs are wanted.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
  trap 'rm -f "$policy"' EXIT
fi
apt-get update -qq
apt-get install -y -qq --no-install-recommends prometheus >/dev/null
