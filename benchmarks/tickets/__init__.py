"""Tickets read, written, closed, merged and exported."""
