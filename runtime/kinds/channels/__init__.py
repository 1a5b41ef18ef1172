"""The built-in channel kinds, one file each."""
