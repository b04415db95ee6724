"""Floor 1: rows and transactions; the only home of SQLAlchemy."""
