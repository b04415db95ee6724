"""A person's data: holds, what there is of them, and its export."""
