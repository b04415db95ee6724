"""Rows that leave for cold storage and come back."""
