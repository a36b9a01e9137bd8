"""Compiled kernels over arrays sorted by (key, time)."""
