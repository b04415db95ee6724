"""The binary logs of MySQL and MariaDB through the servers' own clients."""
