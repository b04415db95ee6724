"""Search: what a query asks for, what holds it, how well, and which words are shown of it."""
