"""Pages of accounts: who there is, and what is known of each."""
