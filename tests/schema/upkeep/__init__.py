"""What is put right, rebuilt and cleaned up."""
