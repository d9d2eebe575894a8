#!/usr/bin/env bash
# What the tests need beyond npm's packages: Prometheus, for the alert rules and the scrape of examples/observability, and
# Chromium, for bundles and pages. Does nothing where they are there already. Where one cannot be had, it says so and lets
# the other tests run; those that need it then fail.
set -euo pipefail

has_prometheus() { command -v prometheus >/dev/null && command -v promtool >/dev/null; }
has_chromium() { [ -n "${CHROMIUM:-}" ] || command -v chromium >/dev/null; }
give_up() {
  echo "Prometheus and Chromium are not both installed: $1. The tests that need what is missing will fail." >&2
  exit 0
}

missing=()
has_prometheus || missing+=(prometheus)
has_chromium || missing+=(chromium)
if [ "${#missing[@]}" = 0 ]; then exit 0; fi
command -v apt-get >/dev/null || give_up 'there is no apt-get'
[ "$(id -u)" = 0 ] || give_up 'this needs root'

export DEBIAN_FRONTEND=noninteractive
# The package of Prometheus would start a server of its own on port 9090; only the programs are wanted.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
fi
# Another apt-get may be at work.
apt() { apt-get -qq -o DPkg::Lock::Timeout=120 "$@" >/dev/null; }
apt update || echo 'The lists of packages could not be brought up to date; going on with those at hand.' >&2
for package in "${missing[@]}"; do
  apt install -y --no-install-recommends "$package" || give_up "apt-get could not install $package"
done
has_prometheus && has_chromium || give_up 'the packages have not brought prometheus, promtool and chromium'

# Nor does it start with the machine.
if [ -d /run/systemd/system ]; then systemctl disable --now --quiet prometheus.service; fi
