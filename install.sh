#!/bin/sh
# install.sh EXTRA: a virtual environment in .venv with this project and one of its extras, every
# version as constraints.txt pins it. Does nothing where that is done already.
set -eu
cd "$(dirname "$0")"
mark=".venv/.installed-$1"
if [ ! -e "$mark" ] || [ -n "$(find pyproject.toml constraints.txt -newer "$mark")" ]; then
  [ -x .venv/bin/python ] || "${PYTHON:-python3}" -m venv .venv
  .venv/bin/pip install --quiet --upgrade pip
  .venv/bin/pip install --quiet --constraint constraints.txt --editable ".[$1]"
  touch "$mark"
fi
