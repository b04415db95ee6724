"""The search for tickets."""
