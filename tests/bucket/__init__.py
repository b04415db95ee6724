"""A bucket and a database that do not agree."""
