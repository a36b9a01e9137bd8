"""The sequence index: events sorted by unit and time in mapped files, a cache of the lake."""
