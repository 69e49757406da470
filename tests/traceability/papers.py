"""A procedure in force, and what a PDF says on each of its pages."""

import subprocess
import tempfile
from datetime import timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import select

from aftersales.documents.reading import ReadingTask
from aftersales.documents.version import DocumentVersion
from aftersales.extensions import db
from aftersales.record import now as server_time
from aftersales.record.actor import SYSTEM, acting_as
from aftersales.record.workflow import perform
from tests.world import MONDAY


def put_in_force(app: Flask) -> int:
    """The world's one procedure takes effect an hour after it was written; its id."""
    with app.app_context(), acting_as(SYSTEM), server_time.at(MONDAY + timedelta(hours=1)):
        version = db.session.scalars(select(DocumentVersion)).one()
        for verb in ("submit", "review"):
            perform(version, verb)
        _each_reading("drop")
        perform(version, "approve", values={"effective_from": MONDAY.date()})
        _each_reading("excuse")
        perform(version, "put_in_force")
        db.session.commit()
        return version.id


def _each_reading(verb: str) -> None:
    for task in db.session.scalars(select(ReadingTask).where(ReadingTask.state == "to_read")):
        perform(task, verb, reason="for the test")


def words_of(pdf: bytes) -> list[str]:
    """The text of each page, line by line as it stands there."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "binder.pdf"
        path.write_bytes(pdf)
        told = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, check=True)
    return told.stdout.decode().split("\f")[:-1]
