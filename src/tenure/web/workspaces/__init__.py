"""Signing in and out, and how the product speaks and looks to one reader."""
