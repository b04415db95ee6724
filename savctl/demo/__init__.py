"""A made-up after-sales shop, played through the real use cases under a moving clock."""
