"""Policies, breaches, scheduled checks and the rows that reports read."""
