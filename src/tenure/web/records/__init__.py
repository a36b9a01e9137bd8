"""Records that people write: which kinds there are, who sees which, and their pages."""
