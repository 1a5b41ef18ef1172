"""What may happen: the write path, access, import, publish."""
