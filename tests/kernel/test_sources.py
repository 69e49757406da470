"""What the sources themselves promise: nothing goes past the guards, and the kernel knows no feature."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import aftersales

pytestmark = pytest.mark.pure

ROOT = Path(aftersales.__file__).parent
FILES = sorted(path for path in ROOT.rglob("*.py"))
NAMES = [str(path.relative_to(ROOT)) for path in FILES]

# Core statements see every region and tell the trail nothing. Each file that uses them says why it may.
MAY_USE_CORE: dict[str, str] = {
    "people/person.py": "the regions of an account are asked before anybody acts",
    "recalls/freezing.py": "a hundred thousand units in blocks, as the system and each told to the trail; a flush for each takes minutes",
    "record/clocks.py": "RUNNING is only the condition of two partial indexes",
    "webhooks/sending.py": "of two runners one claims a call, by the row count of an UPDATE; calls are in no region and not audited",
}
MAY_MOVE = {
    "record/workflow.py": "perform() is the one door through which a state changes",
    "record/base.py": "declares the column",
}
MAY_DERIVE = {
    "record/views.py": "the base of all pages",
    "record/api.py": "the base of all APIs",
}
BYPASSES = {"bulk_save_objects", "bulk_insert_mappings", "bulk_update_mappings"}
STOCK = {"ModelView", "ModelRestApi", "MasterDetailView", "MultipleView", "GroupByChartView", "DirectByChartView"}
# Tables of the kernel that hold no record: the trail and the log beneath it, counters, jobs. They may be asked by Core.
PLUMBING = {"AuditEntry", "AuditPending", "AuditLeaf", "AuditTreeNode", "AuditTreeHead", "Account"}


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def name_of(node: ast.AST) -> str:
    """The last part of a dotted name: "text" of sqlalchemy.text."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def faults(path: Path) -> Iterator[str]:
    where = str(path.relative_to(ROOT))
    module = tree(path)
    from_sqlalchemy, conditions = _imported(module, "sqlalchemy"), set(_index_conditions(module))
    for node in ast.walk(module):
        if isinstance(node, ast.Call):
            called = name_of(node.func)
            if called in BYPASSES:
                yield f"{node.lineno}: {called} goes past the guards and the trail"
            is_sql = called == "text" and "text" in from_sqlalchemy and isinstance(node.func, ast.Name)
            if is_sql and node not in conditions and where not in MAY_USE_CORE:
                yield f"{node.lineno}: SQL as text sees every region"
        if isinstance(node, ast.Attribute) and node.attr == "__table__" and where not in MAY_USE_CORE and _is_record_table(node):
            yield f"{node.lineno}: {name_of(node.value)}.__table__ sees every region; select the class"
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign) and where not in MAY_MOVE:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Attribute) and target.attr == "state" and not _is_own(target):
                    yield f"{node.lineno}: a state changes by perform() only"
        if isinstance(node, ast.ClassDef) and where not in MAY_DERIVE:
            for base in node.bases:
                if name_of(base) in STOCK:
                    yield f"{node.lineno}: {node.name} derives from {name_of(base)}; derive from RecordView or Page"


def _imported(module: ast.Module, package: str) -> set[str]:
    """The names that a file imports from a package, under their own name."""
    return {a.name for node in ast.walk(module) if isinstance(node, ast.ImportFrom) and node.module == package for a in node.names}


def _index_conditions(module: ast.Module) -> Iterator[ast.AST]:
    """The conditions of partial indexes, `postgresql_where=text(…)`: they select nothing."""
    for node in ast.walk(module):
        if isinstance(node, ast.keyword) and node.arg is not None and node.arg.endswith("_where"):
            yield node.value


def _is_record_table(node: ast.Attribute) -> bool:
    owner = name_of(node.value)
    return owner[:1].isupper() and owner not in PLUMBING


def _is_own(target: ast.Attribute) -> bool:
    """`self.state = …` and the like of something that is no record: a run of a clock, a job."""
    return isinstance(target.value, ast.Name) and target.value.id in {"run", "clock", "job", "delivery"}


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_nothing_goes_past_the_guards(path: Path) -> None:
    found = list(faults(path))
    assert not found, f"aftersales/{path.relative_to(ROOT)}: {found}"


@pytest.mark.parametrize("path", [ROOT / "record" / "guard.py", *sorted((ROOT / "record").rglob("*.py"))], ids=lambda path: path.name)
def test_the_kernel_does_not_ask_the_request_who_acts(path: Path) -> None:
    """`g.user` in a guard asks the database while it is being asked, and is nobody in a job."""
    asked = [n.lineno for n in ast.walk(tree(path)) if isinstance(n, ast.Attribute) and n.attr == "user" and name_of(n.value) == "g"]
    assert not asked, f"{path.relative_to(ROOT)}: g.user in lines {asked}; ask current_actor()"


# What the kernel may know of the product: words, columns, the database, and how working days are counted (arithmetic on dates).
KERNEL_KNOWS = {"aftersales.record", "aftersales.columns", "aftersales.extensions", "aftersales.labels", "aftersales.calendar"}


@pytest.mark.parametrize("path", sorted((ROOT / "record").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_kernel_imports_no_feature(path: Path) -> None:
    wrong = [module for module in _modules(tree(path)) if module.startswith("aftersales.") and not _is_known(module)]
    assert not wrong, f"{path.relative_to(ROOT)} imports {wrong}: the kernel knows no domain word; a feature hands it over by extension"


def _modules(module: ast.Module) -> Iterator[str]:
    """Every module of ours that a file imports, at its head or inside a function."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names) if node.module == "aftersales" else [node.module]


def _is_known(module: str) -> bool:
    return any(module == known or module.startswith(f"{known}.") for known in KERNEL_KNOWS)


@pytest.mark.parametrize(
    "source",
    [
        "from sqlalchemy import text\nsession.execute(text('SELECT * FROM device'))",
        "session.bulk_save_objects(rows)",
        "select(Device.__table__)",
        "order.state = 'closed'",
        "class Own(ModelView): pass",
    ],
    ids=["text", "bulk", "table", "state", "stock view"],
)
def test_each_of_these_faults_is_seen(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test itself bites."""
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    (tmp_path / "feature.py").write_text(source)
    assert list(faults(tmp_path / "feature.py"))
