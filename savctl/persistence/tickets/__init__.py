"""Ticket rows and all that hangs on them."""
