"""What a command passes before it does anything."""
