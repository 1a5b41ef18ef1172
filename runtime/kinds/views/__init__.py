"""The built-in view kinds, one file each."""
