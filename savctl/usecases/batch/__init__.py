"""What batches share: transactions, report, safety limit, idempotency, files."""
