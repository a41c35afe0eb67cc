#!/bin/sh
# Install everything into .venv and run the quickstart; options go to examples/quickstart.py.
set -eu
cd "$(dirname "$0")/.."
sh install.sh quickstart
exec .venv/bin/python examples/quickstart.py "$@"
