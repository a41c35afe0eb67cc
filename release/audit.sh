#!/bin/sh
# Ask for known vulnerabilities of every pinned package; one that could not be looked up is a failure.
set -eu
cd "$(dirname "$0")/.."
sh install.sh release
exec .venv/bin/pip-audit --strict --no-deps --disable-pip --requirement constraints.txt "$@"
