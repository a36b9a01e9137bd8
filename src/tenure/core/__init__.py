"""Plain Python and numpy: everything that can be computed without a file, a clock or a network."""
