"""What the two users of the database may do."""
