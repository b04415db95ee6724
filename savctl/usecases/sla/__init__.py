"""Promises: what is due, what was broken, and what explains it."""
