"""What the server itself counts: slow statements, reads of each index."""
