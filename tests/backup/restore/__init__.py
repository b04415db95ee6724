"""What comes back from a backup."""
