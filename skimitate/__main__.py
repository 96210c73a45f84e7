"""Entry point of ``python -m skimitate``."""

import sys

from skimitate.cli._main import main

if __name__ == "__main__":
    sys.exit(main())
