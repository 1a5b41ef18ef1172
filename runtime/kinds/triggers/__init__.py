"""The built-in trigger kinds, one file each."""
