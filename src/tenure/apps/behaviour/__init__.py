"""Behaviour: what people write of the events that programs send."""
