"""The settings, a module a subject; `Settings` joins them."""
