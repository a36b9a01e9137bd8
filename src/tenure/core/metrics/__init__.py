"""The metrics: frozen values in, frozen values out. One module per family."""
