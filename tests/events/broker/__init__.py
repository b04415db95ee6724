"""What a broker is asked for, and what it may do."""
