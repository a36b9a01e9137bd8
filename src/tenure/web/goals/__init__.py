"""Pages of what is aimed at: the cockpit, targets, annotations."""
