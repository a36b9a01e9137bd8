"""Goals: what is aimed at, and what happened that explains a figure."""
