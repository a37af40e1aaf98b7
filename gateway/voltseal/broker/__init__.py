"""The configuration of a site's broker. Mosquitto 2.0.11 (Debian 12) and newer understand it.

`settings` says what is chosen, `mosquitto` turns that into text, `installation` writes the directory.
"""
