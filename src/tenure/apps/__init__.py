"""One package per domain: tables, the rules that touch the application store, background jobs."""
