#!/bin/sh
# Install everything into .venv, then look at the code and run the tests; arguments go to pytest.
set -eu
cd "$(dirname "$0")/.."
sh install.sh test
PATH="$PWD/.venv/bin:$PATH"
export PATH
ruff check .
ruff format --check .
mypy
lint-imports
exec pytest "$@"
