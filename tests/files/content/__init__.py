"""What is inside a file, and whether it is let in."""
