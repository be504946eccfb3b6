"""``python -m fast_container.cli``."""

import sys

from fast_container.cli import main

sys.exit(main())
