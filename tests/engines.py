"""The two databases every test runs on, and the small world each test finds there, untouched by the test before.

The world is built once per engine and run, in a template: a folder (the instance, with the SQLite file in it) and, on
PostgreSQL, a template database. A test gets copies. The workers of one run share one server and the templates. What many tests
make of the world first (`stage`) is a template too.
"""

import pickle
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from flask import Flask

from aftersales import create_app
from aftersales.commands import upgrade_database
from aftersales.extensions import db
from config import Testing
from tests.postgres import Server, locked
from tests.world import world

WORLD = "world"


@dataclass
class Installation:
    """One app on one engine, for all tests of one worker: `shared` is the run's folder, `worker` this process's name in it.

    `server` is the PostgreSQL; with None the engine is SQLite.
    """

    engine: str
    shared: Path
    worker: str
    server: Server | None

    @cached_property
    def app(self) -> Flask:
        """The app of this worker; its instance folder and database are copies of the template."""
        self._build_template()
        self._restore(WORLD)
        return create_app(settings(self._url(self.worker, self.instance), self.instance))

    @property
    def instance(self) -> Path:
        return self.shared / f"{self.worker}-{self.engine}"

    def restore(self, stage: str = WORLD) -> None:
        """Bring back the world as it was built, or a stage of it, under the running app."""
        release(self.app)
        self.app.extensions.pop("queue", None)  # its tables go with the database
        self.app.extensions.pop("kept", None)  # time stands still in tests, and a mark with it
        self._restore(stage)

    def stage(self, build: Callable[[Flask], Any]) -> Any:
        """Take the untouched world to where `build(app)` brings it, and return what that returned: done once per run, then copied."""
        template, told = self._template_of(build.__name__), self.shared / f"told-{self.engine}-{build.__name__}"
        with locked(self.shared / f"{template.name}.lock"):
            if not told.exists():
                outcome = build(self.app)
                release(self.app)
                shutil.copytree(self.instance, template)
                if self.server:
                    self.server.create(template.name, template=self.worker)
                told.write_bytes(pickle.dumps(outcome))
                return outcome
        self.restore(build.__name__)
        return pickle.loads(told.read_bytes())

    def new_database(self) -> str:
        """The address of a database with nothing in it, for tests of the migrations."""
        name = f"empty_{self.worker}_{time.monotonic_ns()}"
        if self.server:
            self.server.create(name, template="template0")
        (self.shared / name).mkdir()
        return self._url(name, self.shared / name)

    def close(self) -> None:
        if "app" in self.__dict__:
            release(self.app)

    def _build_template(self) -> None:
        with locked(self.shared / f"{self.engine}.lock"):
            template = self._template_of(WORLD)
            if template.exists() and (self.server is None or self.server.has(template.name)):
                return
            growing = self.shared / f"growing-{self.engine}"
            shutil.rmtree(growing, ignore_errors=True)
            shutil.rmtree(template, ignore_errors=True)
            growing.mkdir()
            if self.server:
                self.server.create("growing", template="template0")
            app = create_app(settings(self._url("growing", growing), growing))
            upgrade_database(app)
            world(app)
            release(app)
            if self.server:
                self.server.rename("growing", template.name)
            growing.rename(template)

    def _restore(self, stage: str) -> None:
        template = self._template_of(stage)
        shutil.rmtree(self.instance, ignore_errors=True)
        shutil.copytree(template, self.instance)
        if self.server:
            self.server.create(self.worker, template=template.name)

    def _url(self, name: str, folder: Path) -> str:
        return self.server.url(name) if self.server else f"sqlite:///{folder}/aftersales.db"

    def _template_of(self, stage: str) -> Path:
        """Its folder, and under the same name its database."""
        return self.shared / f"template_{self.engine}_{stage}"


def settings(url: str, instance: Path) -> dict[str, Any]:
    """The configuration of an app for tests, on the database at `url`, with its files below `instance`."""
    chosen = {name: getattr(Testing, name) for name in dir(Testing) if name.isupper()}
    return chosen | {"SQLALCHEMY_DATABASE_URI": url, "INSTANCE_PATH": str(instance), "STORE_URL": f"file://{instance}/store"}


def release(app: Flask) -> None:
    """Let go of every connection the app holds."""
    with app.app_context():
        db.session.remove()
        for engine in db.engines.values():
            engine.dispose()
