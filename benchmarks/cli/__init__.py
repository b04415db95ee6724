"""What every command pays."""
