"""Webhooks: changes of records told to other systems, signed by the Standard Webhooks specification.

The audit trail is their queue: every write leaves its entry there in its own transaction, so nothing that is committed
can be missed, whatever is killed. `events` reads the trail into deliveries, `sending` sends them.
"""
