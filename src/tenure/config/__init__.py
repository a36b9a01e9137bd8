"""Wiring: settings, addresses, the server and the command line."""
