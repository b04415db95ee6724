"""Connections to each kind of database: what they are set to, and how they are opened."""
