"""One small change per file; the previous release must still run on it."""
