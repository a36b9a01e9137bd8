"""The engines: what runs a measure and hands back Arrow."""
