"""`python -m olmis_release` is the same as `olmis-release`."""

from __future__ import annotations

import sys

from olmis_release.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
