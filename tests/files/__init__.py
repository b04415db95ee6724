"""Attachments: what is let in, how it is kept, who may have it, and how it goes."""
