"""The client programs of MariaDB and MySQL."""
