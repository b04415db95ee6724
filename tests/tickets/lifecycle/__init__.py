"""States, agents and stamps of a ticket."""
