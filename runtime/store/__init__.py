"""PostgreSQL: the only floor that opens a connection."""

import os

# Names are read character by character, so that a stored token never depends on its neighbours: the
# dictionary of phrases would never be asked, and costs every process 40 MB.
os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
