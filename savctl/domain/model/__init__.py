"""The ticket as a value, and the words it is made of."""
