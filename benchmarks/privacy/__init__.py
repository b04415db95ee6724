"""The erasure of a person."""
