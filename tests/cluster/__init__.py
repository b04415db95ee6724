"""Several nodes of the database and of the broker: `make test-cluster`."""
