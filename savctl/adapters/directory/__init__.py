"""A folder as object store."""
