"""One function for each thing that is done to a ticket."""
