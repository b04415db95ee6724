"""Programs unpacked or installed into .cache/, without root."""
