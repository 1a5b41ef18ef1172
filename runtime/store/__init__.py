"""PostgreSQL: the only floor that opens a connection."""
