"""The generic runtime: it interprets the documents of an app over PostgreSQL."""
