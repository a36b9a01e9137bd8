"""Products, plans, subscriptions, contracts, invoice lines, exchange rates, metric definitions, closed months."""
