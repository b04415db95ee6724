"""Who may see which file."""
