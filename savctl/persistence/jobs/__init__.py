"""Leases, runs and schedules of jobs."""
