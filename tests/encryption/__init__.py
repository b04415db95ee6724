"""Encrypted values of metadata, and their keys (rules 13)."""
