"""What a board runs at power-on; `micropython main.py [STATE_DIRECTORY [enrol]]` does the same. Wiring only."""

import gc
import sys

if hasattr(gc, "threshold"):
    # Collect often while code is loaded, so that it lies close together and large pieces of heap stay free.
    gc.threshold(4096)

from voltseal_device.start import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], __file__.rpartition("/")[0] or "."))
