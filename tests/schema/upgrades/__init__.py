"""Revisions, and what runs while they do."""
