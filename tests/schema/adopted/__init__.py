"""Databases that another program's migrations made."""
