"""Keys of encrypted values: what uses them, and how values get a new one (rules 13.5)."""
