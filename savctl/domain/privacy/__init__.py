"""A person's data: what may be disclosed, and the inventory."""
