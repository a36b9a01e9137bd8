"""Writes of this app, by subject: the profile, prospects and their calls, telephone lists, the collector."""
