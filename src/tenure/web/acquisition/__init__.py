"""Pages of acquisition: where customers come from and what that costs."""
