"""The port that events come in by: a process of its own that knows neither pages nor the store's tables."""
