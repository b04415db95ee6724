"""The desk as `savctl top` and the page of the scheduler show it."""
