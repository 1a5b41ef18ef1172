"""Small pure parts that every floor uses: no database, no Flask, no metadata."""
