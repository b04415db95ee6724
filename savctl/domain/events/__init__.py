"""The six events, their schema, and the order in which they may be sent."""
