"""Rows of what other services sent."""
