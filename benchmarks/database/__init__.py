"""What keeping writers apart costs a transaction."""
