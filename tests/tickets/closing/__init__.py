"""Tickets that close by themselves."""
