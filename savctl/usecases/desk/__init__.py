"""The whole desk at a glance: what `savctl top` and the page of the scheduler show."""
