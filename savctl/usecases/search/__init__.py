"""Search: find tickets by their words."""
