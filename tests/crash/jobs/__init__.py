"""Jobs that are killed, stopped and set against each other."""
