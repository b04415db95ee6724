"""Tickets as files."""
