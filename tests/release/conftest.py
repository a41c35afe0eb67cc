"""The programs that make a release are scripts beside the code, not a package of it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "release"))
