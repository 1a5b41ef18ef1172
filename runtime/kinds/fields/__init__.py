"""The built-in field types, one file each."""
