"""Rows of the service, objects in the bucket, and what lies below all rows."""
