"""What bulk commands read: tickets that are named, and what an earlier operation did."""
