"""Numbers over many tickets: kept promises, volume, workload."""
