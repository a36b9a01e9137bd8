"""What arrives by the tracking protocol on its way into the lake: journal, window of known ids, flusher, rows."""
