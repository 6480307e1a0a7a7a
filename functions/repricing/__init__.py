"""Prices that earn more and harm almost nothing: demand beliefs, a policy with a harm ledger, and
proposals."""
