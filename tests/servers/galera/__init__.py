"""A private Galera cluster: three nodes on three hosts of a private network."""
