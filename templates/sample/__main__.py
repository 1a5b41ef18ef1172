"""Write the sample data of all templates."""

from __future__ import annotations

import sys
from pathlib import Path

from templates.sample import crm_basic, crm_project_sales
from templates.sample.files import write

TEMPLATES = Path(__file__).parent.parent
APPS = {"crm_basic": crm_basic.files, "crm_project_sales": crm_project_sales.files}


def main(top: Path) -> None:
    """Write below ``top``."""
    for name, make in APPS.items():
        write(top / name / "data", make())


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else TEMPLATES)
