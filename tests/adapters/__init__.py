"""Each adapter against the promises of its port."""
