"""`python -m voltseal_sim.toolchain install|status`."""

import sys

from voltseal_sim.toolchain.command import main

sys.exit(main())
