"""`python -m voltseal.cli` is `voltseal`."""

from __future__ import annotations

import sys

from voltseal.cli import main

sys.exit(main())
