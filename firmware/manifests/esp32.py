# For `make BOARD=... FROZEN_MANIFEST=.../firmware/manifests/esp32.py` in ports/esp32 of MicroPython: the port's own
# modules, and the firmware as byte code in flash. Frozen files are not in the file system, so `measurement` covers only
# what lies there; pin the image itself by its own digest. makemanifest.py defines the three functions.
# ruff: noqa: F821
# pyright: reportUndefinedVariable=false

include("$(PORT_DIR)/boards/manifest.py")

for package_name in ("voltseal_wire", "voltseal_device", "drivers", "modules"):
    package(package_name, base_path="..")
module("main.py", base_path="..")
