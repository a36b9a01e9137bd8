"""The pages of recurring revenue."""
