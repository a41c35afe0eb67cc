#!/bin/sh
# Install everything into .venv and run the quickstart; options go to examples/quickstart.py.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
sh "$root/install.sh" quickstart
exec "$root/.venv/bin/python" "$root/examples/quickstart.py" "$@"
