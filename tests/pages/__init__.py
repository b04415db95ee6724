"""Pages: charts, tables and how a browser lays them out."""
