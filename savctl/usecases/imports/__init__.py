"""Tickets of other programs: rows of a file, read, mapped, stored."""
