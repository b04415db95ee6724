"""The bucket beside the database: what no record names is hidden, then purged."""
