"""Members, roles, keys, the audit trail, imports, and the outbox through which rows reach the lake."""
