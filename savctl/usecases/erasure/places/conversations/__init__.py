"""Tickets, and what was said on them."""
