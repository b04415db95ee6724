"""Floor 5: parse, call one use case, print, exit."""
