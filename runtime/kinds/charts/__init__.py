"""The built-in chart kinds, one file each."""
