"""Writes of this app, and the one way in which every app writes versions, audit entries and the outbox."""
