"""Old tickets in cold storage, back again, and gone for good after seven years."""
