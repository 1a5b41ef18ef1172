"""The commands as scripts use them: results, refusals, exit statuses."""

from __future__ import annotations

import csv
import filecmp
import json
import shlex
from collections import defaultdict
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from runtime.app import create_app, make_services
from runtime.base.errors import NotFound
from runtime.base.sqltext import Sql, ident
from runtime.cli import main
from runtime.commands import server
from runtime.commands.base import Output, Place
from runtime.config import Settings
from runtime.store.database import run
from tests.conftest import Shop

ROOT = Path(__file__).parent.parent.parent
SUPERSTORE = ROOT / "tests/cases/good/superstore"
SHEET = ROOT.parent / "shared/data/superstore.csv"
Run = Callable[..., Result]


@pytest.fixture
def dougong(dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Runs a command on a fresh installation with a workspace ``main``."""
    monkeypatch.setenv("DOUGONG_DATABASE_URL", dsn)
    monkeypatch.setenv("DOUGONG_LANGUAGE", "en")

    def run(*arguments: object, status: int = 0) -> Result:
        done = CliRunner().invoke(main, [str(one) for one in arguments] + ["--data", str(tmp_path / "data")])
        assert done.exit_code == status, (arguments, done.output, done.exception)
        return done

    yield run


def test_people(dougong: Run) -> None:
    dougong("model", "publish", SUPERSTORE)
    dougong("department", "add", "Sales")
    dougong("department", "add", "North", "--parent", "Sales")
    assert "factory" in dougong("department", "set", "Sales/North", "--calendar", "factory", status=1).stderr
    made = json.loads(dougong("department", "set", "Sales/North", "--calendar", "default", "--json").stdout)
    assert made["calendar"] == "default"
    cleared = dougong("department", "set", "Sales/North", "--calendar", "", "--json")
    assert json.loads(cleared.stdout)["calendar"] is None
    dougong("user", "add", "wang", "--role", "admin", "--password", "long enough")
    made = dougong("user", "add", "li", "--role", "sales", "--department", "Sales/North", "--manager", "wang", "--json")
    assert len(json.loads(made.stdout)["password"]) >= 8
    assert "already" in dougong("user", "add", "li", status=1).stderr
    assert "did you mean 'sales'" in dougong("user", "set", "li", "--role", "slaes", status=1).stderr
    token = dougong("token", "create", "--user", "li", "--name", "script").stdout.strip()
    assert token.startswith("dg_")
    listed = json.loads(dougong("token", "list", "--json").stdout)
    assert token not in json.dumps(listed)
    dougong("token", "revoke", listed[0]["id"])
    dougong("token", "revoke", listed[0]["id"], status=1)
    dougong("user", "add", "sun")
    assert "himself" in dougong("user", "disable", "li", "--handover", "li", status=1).stderr
    dougong("user", "disable", "li", "--handover", "sun")
    li, sun = json.loads(dougong("user", "list", "--json").stdout)[:2]
    assert (li["active"], li["handover"]) == (False, sun["id"])
    cleared = dougong("user", "set", "li", "--handover", "", "--json")
    assert json.loads(cleared.stdout)["handover"] is None
    assert json.loads(dougong("user", "list", "--json").stdout)[0]["active"] is False
    assert "disabled" in dougong("token", "create", "--user", "li", status=1).stderr
    for days in (0, -1, 99_999_999):
        dougong("token", "create", "--user", "wang", "--expires", days, status=2)
    dougong("user", "nonsense", status=2)


def test_model_life(dougong: Run, tmp_path: Path) -> None:
    app = tmp_path / "app"
    (app / "objects").mkdir(parents=True)
    (app / "app.yaml").write_text("app: shop\nversion: 1.0.0\nlabel: {en: Shop, zh: 商店}\n")
    thing = app / "objects" / "thing.yaml"
    first = "object: thing  # kept\nlabel: {en: Thing, zh: 物品}\nfields:\n  name: {type: text}\n  size: {type: text}\n"
    thing.write_text(first)
    assert "0 errors" in dougong("model", "validate", app).stdout
    assert "version 1 is live" in dougong("model", "publish", app, "--note", "first").stdout
    assert "nothing changed" in dougong("model", "publish", app).stdout
    sheet = tmp_path / "things.csv"
    sheet.write_text("name,size\na,12\nb,large\n")
    dougong("data", "import", "thing", sheet, "--on-duplicate", "create")

    thing.write_text(first.replace("size: {type: text}", "size: {type: number}"))
    planned = json.loads(dougong("model", "plan", app, "--json").stdout)
    effects = {one["code"]: one["records"] for one in planned["effects"]}
    assert effects == {"type_changed": 1, "values_lost": 1}
    assert dougong("model", "diff", app).stdout.count("@@ ") == 1, "one changed field is one hunk"
    dougong("model", "publish", app)
    out = tmp_path / "out.jsonl"
    dougong("data", "export", "thing", out, "--sort", "name", "--fields", "name,size")
    assert [json.loads(line).get("size") for line in out.read_text().splitlines()] == [12, None]

    dougong("model", "rollback", 1)
    dougong("data", "export", "thing", out, "--sort", "name", "--fields", "name,size")
    assert [json.loads(line).get("size") for line in out.read_text().splitlines()] == ["12", "large"]
    states = [(one["version"], one["state"]) for one in json.loads(dougong("model", "history", "--json").stdout)]
    assert states == [(3, "live"), (2, "past"), (1, "past")]

    back = tmp_path / "back"
    dougong("model", "export", back, "--app", "shop")
    assert (back / "objects/thing.yaml").read_text() == first, "comments included"
    assert "nothing changed" in dougong("model", "publish", back).stdout
    again = tmp_path / "again"
    dougong("model", "export", again, "--app", "shop")
    assert not filecmp.dircmp(back, again).diff_files

    thing.write_text(first.replace("# kept", "# said better"))
    assert dougong("model", "diff", app).stdout.count("@@ ") == 1
    assert "only comments" in dougong("model", "plan", app).stdout
    assert "version 4 is live" in dougong("model", "publish", app).stdout
    dougong("model", "export", back, "--app", "shop")
    assert (back / "objects/thing.yaml").read_text() == thing.read_text(), "a comment is published too"

    thing.write_text("object: thing\nfields:\n  name: {type: texxt}\n  9: [\n")
    unreadable = dougong("model", "validate", app, status=1).stdout
    assert unreadable.count("not readable as YAML") == 1, "told once"
    thing.write_text("object: thing\nfields:\n  name: {type: texxt}\n")
    refused = dougong("model", "publish", app, status=1)
    assert "objects/thing.yaml:3" in refused.stderr
    assert "text" in refused.stderr
    assert "ok" in dougong("doctor").stdout


def test_a_place_without_documents_is_the_wrong_place(dougong: Run, tmp_path: Path) -> None:
    dougong("model", "publish", SUPERSTORE)
    (tmp_path / "notes.txt").write_text("nothing")
    (tmp_path / "empty").mkdir()
    for place in (tmp_path / "notes.txt", tmp_path / "empty"):
        for command in ("publish", "plan", "diff", "validate", "test"):
            done = dougong("model", command, place, status=1)
            assert "there is no document here" in done.output, (command, done.output)
    for name in "xy":
        (tmp_path / "two" / name).mkdir(parents=True)
        (tmp_path / "two" / name / "app.yaml").write_text(f"app: {name}\nversion: 1.0.0\nlabel: App\n")
    for command in ("publish", "plan", "diff", "validate", "test"):
        done = dougong("model", command, tmp_path / "two", status=1)
        assert "several apps here (x, y)" in done.output and "y/app.yaml:1" in done.output
    assert len(json.loads(dougong("model", "history", "--json").stdout)) == 1


def test_a_workspace_has_settings_that_work(dougong: Run) -> None:
    done = dougong(
        "workspace", "create", "mars", "--time-zone", "Mars/X", "--currency", "cny", "--region", "C", status=1
    )
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["time_zone", "currency", "region"]
    dougong("workspace", "create", "mars")
    dougong("workspace", "archive", "mars")
    assert "archived" in dougong("workspace", "create", "mars", status=1).stderr
    assert [one["name"] for one in json.loads(dougong("workspace", "list", "--json").stdout)] == ["main"]


def test_templates(dougong: Run) -> None:
    listed = json.loads(dougong("template", "list", "--json").stdout)
    assert [one["name"] for one in listed] == sorted(one.parent.name for one in (ROOT / "templates").glob("*/app.yaml"))
    assert "no template" in dougong("template", "install", "nothing", status=1).stderr
    assert "no template" in dougong("template", "install", "../tests", status=1).stderr


def test_the_commands_of_the_readme_work_one_after_the_other(
    dougong: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the CRM, as who follows the page has it."""
    dougong("template", "install", "crm_basic", "--no-sample-data")
    monkeypatch.chdir(ROOT)
    sheet = tmp_path / "sales.csv"
    sheet.write_text("Customer ID,Customer Name,Segment\nCG-12520,Claire Gute,Consumer\n")
    block = (ROOT / "README.md").read_text().split("## Ten minutes")[1].split("```")[1]
    lines = [shlex.split(one, comments=True) for one in block.strip().splitlines()]
    assert len(lines) >= 9 and all(one[0] == "dougong" for one in lines)
    for line in lines:
        dougong(*[str(sheet) if one == sheet.name else one for one in line[1:]])
    dougong("data", "export", "customer", tmp_path / "out.csv", "-W", "shop")
    assert "Claire Gute" in (tmp_path / "out.csv").read_text("utf-8-sig")


def test_a_template_with_its_people(dougong: Run) -> None:
    basic, project = ROOT / "templates/crm_basic", ROOT / "templates/crm_project_sales"
    assert "0 errors, 0 warnings" in dougong("model", "validate", project, "--with", basic).stdout
    assert "is not installed" in dougong("model", "validate", project, "--alone", status=1).stdout
    made = dougong("template", "install", "crm_basic")
    password = made.stdout.split("with the password ")[1].split()[0]
    assert "linyue" in made.stdout and len(password) >= 8
    assert "customer: 60 records" in made.stderr
    assert dougong("template", "install", "crm_basic").stdout == "installed crm_basic\n"
    done = json.loads(dougong("template", "install", "crm_project_sales", "--no-sample-data", "--json").stdout)
    assert done == {"installed": "crm_project_sales", "users": [], "password": None}


def test_wrong_rows_are_said(dougong: Run, tmp_path: Path) -> None:
    dougong("model", "publish", SUPERSTORE)
    sheet = tmp_path / "customers.csv"
    sheet.write_text("code,name,segment\nC1,Ada,consumer\n,Bob,consumer\nC3,Cai,nothing\n")
    errors = tmp_path / "errors.csv"
    done = dougong("data", "import", "customer", sheet, "--errors", errors, "--on-duplicate", "create", status=1)
    assert "row 3" in done.stdout and "row 4" in done.stdout
    assert "created 1" in done.stdout and "failed 2" in done.stdout
    assert len(errors.read_text(encoding="utf-8-sig").splitlines()) == 3


def test_a_first_start_says_the_password_before_what_may_be_cut_off(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def cut_off(*given: object) -> None:
        raise KeyboardInterrupt

    with shop.database.transaction() as inside:
        run(inside, Sql(f"TRUNCATE {ident(shop.workspace.schema, 's_user')} CASCADE"))
    monkeypatch.setattr(server, "install", cut_off)
    place = Place(tmp_path, "main", Output(False, "en"))
    with pytest.raises(NotFound, match="crm_basic"):
        server.first_start(shop.services, place, "crm_basics", True, None)
    with pytest.raises(KeyboardInterrupt):
        server.first_start(shop.services, place, "crm_basic", True, None)
    password = capsys.readouterr().out.split("password ")[1].split()[0]
    login = shop.app.test_client().post("/api/v1/login", json={"username": "admin", "password": password})
    assert login.status_code == 200


@pytest.mark.parametrize("wrong", [("--port", 0), ("--port", 99999), ("--workers", 0)])
def test_ports_and_processes_are_numbers_that_there_are(dougong: Run, wrong: tuple[str, int]) -> None:
    dougong("run", *wrong, status=2)
    dougong("serve", *wrong, status=2)


def test_files_that_cannot_be_used_are_named(dougong: Run, tmp_path: Path) -> None:
    dougong("model", "publish", SUPERSTORE)
    sheet = tmp_path / "customers.csv"
    sheet.write_text("code,name,segment\nC1,,consumer\n")
    nowhere = tmp_path / "nowhere"
    refused = dougong("data", "import", "customer", sheet, "--errors", sheet, status=1)
    assert "--errors" in refused.stderr and sheet.read_text().count("C1") == 1, "the input is not written over"
    sheet.with_suffix(".yaml").write_bytes(b"\xff")
    sheet.with_suffix(".json").write_text("{")
    for ending in (".yaml", ".json"):
        refused = dougong("data", "import", "customer", sheet, "--mapping", sheet.with_suffix(ending), status=1)
        assert refused.stderr.startswith(f"customers{ending}: ")
    for command in (
        ("data", "import", "customer", sheet, "--errors", nowhere / "x.csv"),
        ("data", "export", "customer", nowhere / "x.csv"),
        ("model", "export", sheet / "x"),
    ):
        assert "cannot be used" in dougong(*command, status=1).stderr, command


@pytest.mark.skipif(not SHEET.exists(), reason="the public retail sheet is not beside the checkout")
def test_real_sheet(dougong: Run, dsn: str, tmp_path: Path) -> None:
    """9,994 lines of a real sheet become linked records; the sums are those of the sheet."""
    dougong("model", "publish", SUPERSTORE)
    counts = {"customer": 793, "product": 1862, "order": 5009, "order_line": 9994}
    for name, count in counts.items():
        mapping = SUPERSTORE / "mappings" / f"{name}.yaml"
        done = dougong("data", "import", name, SHEET, "--mapping", mapping, "--on-duplicate", "update", "--json")
        outcome = json.loads(done.stdout)
        assert (outcome["total"], outcome["created"], outcome["failed"]) == (9994, count, 0), name
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in csv.DictReader(SHEET.read_text(encoding="utf-8").splitlines()):
        sums[row["Category"]] += Decimal(row["Sales"])
    token = (
        dougong("user", "add", "ada", "--role", "admin"),
        dougong("token", "create", "--user", "ada").stdout.strip(),
    )[1]
    settings = Settings(dsn, tmp_path, "x" * 20, tmp_path / "files")
    services = make_services(settings)
    client = create_app(settings, services).test_client()
    asked: dict[str, Any] = {"group_by": ["product.category"], "measures": {"sales": "SUM(sales)", "n": "COUNT()"}}
    answer = client.post(
        "/api/v1/records/order_line/aggregate?", json=asked, headers={"Authorization": f"Bearer {token}"}
    )
    services.workspaces.database.close()
    found = json.loads(answer.data, parse_float=Decimal, parse_int=Decimal)["data"]
    assert sum(one["n"] for one in found) == 9994
    by_name = {one["product.category"].replace("_", " ").lower(): one["sales"] for one in found}
    assert by_name == {name.lower(): value.normalize() for name, value in sums.items()}
