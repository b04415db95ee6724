"""Floor 0: the rules. Values in, values out; no I/O, no drivers; `now` is always an argument."""
