"""The built-in action kinds, one file each."""
