#!/usr/bin/env bash
# What the tests need beyond npm's packages: Prometheus, for the alert rules and the scrape of examples/observability.
# Does nothing where it is there already. Where it cannot be had, it says so and lets the other tests run; those of
# examples/observability then fail.
set -euo pipefail

is_installed() { command -v prometheus >/dev/null && command -v promtool >/dev/null; }
give_up() {
  echo "Prometheus is not installed: $1. The tests of examples/observability will fail." >&2
  exit 0
}

if is_installed; then exit 0; fi
command -v apt-get >/dev/null || give_up 'there is no apt-get'
[ "$(id -u)" = 0 ] || give_up 'this needs root'

export DEBIAN_FRONTEND=noninteractive
# The package would start a server of its own on port 9090; only the programs are wanted.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
fi
# Another apt-get may be at work.
apt() { apt-get -qq -o DPkg::Lock::Timeout=120 "$@" >/dev/null; }
apt update || echo 'The lists of packages could not be brought up to date; going on with those at hand.' >&2
apt install -y --no-install-recommends prometheus || give_up 'apt-get could not install it'
is_installed || give_up 'the package has brought no prometheus and promtool'

# Nor does it start with the machine.
if [ -d /run/systemd/system ]; then systemctl disable --now --quiet prometheus.service; fi
