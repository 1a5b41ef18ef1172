"""The commands of `dougong`, one file a group; they print, everything else is done below."""
