"""A person's rows."""
