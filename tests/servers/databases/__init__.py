"""Private MariaDB and MySQL servers, and the programs that they need."""
