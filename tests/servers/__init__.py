"""Private servers for the tests: on loopback ports, in folders of their own, gone at the end."""
