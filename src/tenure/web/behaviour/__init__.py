"""Pages of behaviour: what people do with the product, asked in the address and answered with who they are."""
