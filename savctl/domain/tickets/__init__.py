"""The rules of a ticket: moves, closings, merges, retention, invariants."""
