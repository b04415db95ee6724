"""`backup restore`: guards, loading, and the steps after it (rules 17.4)."""
