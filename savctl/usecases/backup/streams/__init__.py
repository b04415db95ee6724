"""What passes between a program and a place: compressed, sealed, counted."""
