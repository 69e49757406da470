"""create_app(): the extensions, the guards beneath the session, and what menu.py lists as pages and API.

Everything is imported where it is used: a sealed document is verified by a module of this package on machines that have
neither Flask nor a database.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask


def create_app(config: Mapping[str, Any] | object | None = None) -> Flask:
    """An app of its own: nothing is shared between two of them but the record classes."""
    from flask import Flask
    from werkzeug.middleware.proxy_fix import ProxyFix

    from aftersales import templating
    from aftersales.addresses import LateRule
    from aftersales.extensions import csrf, db, migrate
    from aftersales.security import secrets
    from config import Config

    root = Path(__file__).parent.parent
    app = Flask("aftersales", template_folder=str(root / "templates"), static_folder=str(root / "aftersales/static"))
    app.url_rule_class = LateRule
    templating.install(app)
    app.jinja_env.add_extension("jinja2.ext.do")
    app.config.from_object(Config)
    if isinstance(config, Mapping):
        app.config.from_mapping(config)
    elif config is not None:
        app.config.from_object(config)
    secrets.fill_in(app)
    if app.config["TRUSTED_PROXIES"]:
        proxies = app.config["TRUSTED_PROXIES"]
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)  # type: ignore[method-assign]
    db.init_app(app)
    csrf.init_app(app)
    migrate.init_app(app, db, directory=str(root / "migrations"))
    _prepare_engine(app)
    _install_kernel(app)
    _install_pages(app)
    return app


def _prepare_engine(app: Flask) -> None:
    from aftersales.engine import prepare
    from aftersales.extensions import db

    with app.app_context():
        prepare(db.engine)


def _install_kernel(app: Flask) -> None:
    """What the kernel asks of the product, by name; and its guards, hung on the session once per process."""
    import aftersales.archives.entering
    import aftersales.menu
    import aftersales.packages.packing  # noqa: F401
    from aftersales import channels, deadlines, frame
    from aftersales.archives import watching
    from aftersales.custom_fields.book import custom_fields, custom_fields_mark
    from aftersales.documents.prints import let_out
    from aftersales.documents.revision import in_force_for
    from aftersales.extensions import db
    from aftersales.inspectors.access import standing_of
    from aftersales.inspectors.scope import bounded
    from aftersales.packages.keys import Keys
    from aftersales.people.person import region_ids_of_user
    from aftersales.record import kernel
    from aftersales.record.alerts import Escalation
    from aftersales.record.audit import AuditSettings
    from aftersales.record.ciphers import FieldKeys
    from aftersales.record.printer import print_record
    from aftersales.record.printing.sign import Signer
    from aftersales.record.storage import Store
    from aftersales.security import watch
    from aftersales.security.manager import check_password
    from aftersales.security.readers import readers_of
    from aftersales.settings.letterhead import letterhead_for
    from aftersales.settings.notice_text import notice_text_for
    from aftersales.settings.number_pattern import numbering_for
    from aftersales.vigilance.fields import OurRole

    instance = Path(app.config["INSTANCE_PATH"])
    app.extensions.update(
        store=Store(app.config["STORE_URL"], app.config["STORE_OPTIONS"]),
        second_store=Store(app.config["SECOND_STORE_URL"] or f"file://{instance / 'second'}", app.config["SECOND_STORE_OPTIONS"]),
        package_keys=Keys.open(Path(app.config["ARCHIVE_IDENTITY"] or instance / "keys/archive.agekey"), app.config["ARCHIVE_RECIPIENTS"]),
        signer=Signer.open(
            Path(app.config["SIGNING_PKCS12"] or instance / "keys/company.p12"),
            app.config["SIGNING_PASSPHRASE"],
            company=app.config["COMPANY_NAME"],
            time_stamp_url=app.config["TIMESTAMP_URL"] or None,
        ),
        field_keys=FieldKeys(app.config["FIELD_KEYS"].split(",")),
        printer=print_record,
        paper_out=let_out,
        password_check=check_password,
        readers=readers_of,
        regions_of_user=region_ids_of_user,
        guest_standing=standing_of,
        at_hand=frame.at_hand,
        bounded=bounded,
        clock_rules=deadlines.rules_for,
        working_calendar=deadlines.calendar_of,
        numbering=numbering_for,
        letterhead=letterhead_for,
        notice_texts=notice_text_for,
        documents_in_force=in_force_for,
        custom_fields=custom_fields,
        custom_fields_mark=custom_fields_mark,
        audit=AuditSettings.in_folder(app.config["AUDIT_KEY"], instance / "evidence"),
        channels=channels.configured(app.config),
        company_role=OurRole(app.config["COMPANY_ROLE"]),
        escalation=Escalation(),
    )
    kernel.install(db.session)
    watch.install(db.session)
    watching.install()


def _install_pages(app: Flask) -> None:
    from flask_appbuilder import AppBuilder

    from aftersales import commands, doors, frame, jobs, portal, registration, scanning
    from aftersales.deadlines.rule_pages import clock_actions
    from aftersales.extensions import db
    from aftersales.implants.patient import reads_patients
    from aftersales.inbox import InboxView
    from aftersales.offline import pages as offline
    from aftersales.scanning import ScanView
    from aftersales.security.manager import AccessManager
    from aftersales.security.session import install as install_session
    from aftersales.spreadsheet.pages import actions_of

    with app.app_context():
        builder = AppBuilder(security_manager_class=AccessManager, indexview=frame.Home)
        builder.init_app(app, db.session)
        registration.register(builder)
        builder.add_view_no_menu(InboxView)
        builder.add_view_no_menu(ScanView)
        builder.sm.limiter.limit(scanning.RATE)(builder.baseviews[-1].blueprint)
        doors.install(app)
        frame.install(app)
        portal.install(app)
        offline.install(app)
        install_session(app)
        commands.install(app)
        app.jinja_env.globals["clock_actions"] = clock_actions
        app.jinja_env.globals["sheet_actions"] = actions_of
        app.jinja_env.globals["may_find_patients"] = reads_patients
        app.cli.add_command(jobs.jobs_command)
