"""Text from outside, made harmless where it is stored and shown."""
