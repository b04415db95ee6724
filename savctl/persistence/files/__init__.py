"""Attachment records, uploads, and the queue of what is purged."""
