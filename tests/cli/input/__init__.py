"""What is typed: words, values, times, tokens, streams that are read."""
