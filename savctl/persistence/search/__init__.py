"""Search: which tickets may hold words, by an index or without one, and their texts."""
