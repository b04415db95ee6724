"""Tickets found, filtered, sorted and exported."""
