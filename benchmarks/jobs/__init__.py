"""What a job takes."""
