"""The version of Tenure, read by the build and by `tenure --version`."""

__version__ = "0.1.0"
