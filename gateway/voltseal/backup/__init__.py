"""Backup and restore of a gateway: store, configuration, public keys and, if asked for, private ones, in one file."""
