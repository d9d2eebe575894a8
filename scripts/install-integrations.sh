#!/usr/bin/env bash
# What examples/integrations needs: the SDKs, by its own lock file, and Holdfast itself under its name.
# Does nothing where they are there already.
set -euo pipefail
cd "$(dirname "$0")/../examples/integrations"

installed=node_modules/.installed-lock.json
if ! cmp -s package-lock.json "$installed"; then
  npm ci --ignore-scripts
  cp package-lock.json "$installed"
fi
ln -sfn ../../.. node_modules/holdfast
