"""Promises, breaches and what scans them."""
