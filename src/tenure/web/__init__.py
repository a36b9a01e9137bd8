"""What a browser or a program sees: pages, forms, the HTTP API."""
