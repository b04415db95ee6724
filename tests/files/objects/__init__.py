"""Objects in the bucket: put there, purged, out of reach."""
