"""Values of `metadata` that are stored encrypted (rules 13)."""
