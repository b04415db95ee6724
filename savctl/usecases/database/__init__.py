"""The schema, its invariants and its care."""
