"""Archive and retention: what was archived comes back as it was, and nothing is ever lost."""
