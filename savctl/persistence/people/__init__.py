"""Customers and agents: the copy of their rows, who is a VIP, who has how much to do."""
