"""Outside systems behind their ports; each driver has one home."""
