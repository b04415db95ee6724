"""What overwritten values leave behind in a SQLite file: free pages, and the write-ahead log."""

from __future__ import annotations

import sqlite3

from savctl.persistence.engine import Database


def overwrite_residue(database: Database) -> bool:
    """Write the file anew and empty its log; False when others kept it from that.

    A server manages its own pages: there is nothing to do.
    """
    if not database.is_sqlite:
        return True
    connection = database.engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute("PRAGMA secure_delete=ON")
        cursor.execute("VACUUM")
        is_busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    except sqlite3.OperationalError:
        return False
    finally:
        connection.close()
    return not is_busy
