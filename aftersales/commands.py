"""The command line: flask --app app COMMAND."""

import os
from pathlib import Path

import click
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import select

from aftersales.configuration.command import configuration_commands
from aftersales.extensions import db
from aftersales.record.actor import SYSTEM, acting_as

WORKFLOWS = Path(__file__).parent.parent / "docs/workflows.md"


def install(app: Flask) -> None:
    own = (upgrade_command, init_command, demo_command, reindex_command, rekey_command, verify_trail_command, fill_archive_command)
    for command in (*own, packages_command, workflow_commands, configuration_commands):
        app.cli.add_command(command)


def upgrade_database(app: Flask) -> None:
    """Bring the schema, the permissions, the shipped roles and the shipped rules up to this version. Safe to repeat."""
    from aftersales import deadlines, registration
    from aftersales.archives.rule import load_shipped_terms
    from aftersales.complaints.opening import take_in_earlier
    from aftersales.documents.regulations import load_shipped_regulations
    from aftersales.documents.shipping import load_shipped_documents
    from aftersales.implants.plan import load_shipped_plan
    from aftersales.organization.code_list import load_shipped_codes
    from aftersales.organization.region import Region
    from aftersales.security.grants import write_grants
    from aftersales.signals.rule import load_shipped_numbers
    from aftersales.vigilance.term import load_shipped_event_terms

    with app.app_context(), acting_as(SYSTEM):
        upgrade()
        # Not Flask-AppBuilder's add_permissions: it would give the administrator role back what administrators took from it.
        write_grants(db.session, dict.fromkeys(registration.record_types()))
        load_shipped_codes(db.session)
        load_shipped_event_terms(db.session)
        deadlines.load_shipped_rules(db.session)
        load_shipped_terms(db.session)
        load_shipped_numbers(db.session)
        load_shipped_plan(db.session)
        if db.session.scalar(select(Region.id).limit(1)) is not None:  # a new company gets them when it is founded
            load_shipped_documents(db.session)
            load_shipped_regulations(db.session)
            take_in_earlier(db.session)
        db.session.commit()


@click.command("upgrade")
def upgrade_command() -> None:
    """Bring the database up to this version."""
    from flask import current_app

    upgrade_database(current_app._get_current_object())


@click.command("init")
@click.option("--username", default="admin")
def init_command(username: str) -> None:
    """Make an empty company with one administrator, who must set a password at the first sign-in."""
    from flask import current_app

    from aftersales.organization.founding import found_company

    upgrade_database(current_app._get_current_object())
    with acting_as(SYSTEM):
        click.echo(found_company(username))


@click.command("demo")
def demo_command() -> None:
    """Build the demonstration company into an empty database."""
    from flask import current_app

    from aftersales.demo import build

    upgrade_database(current_app._get_current_object())
    with acting_as(SYSTEM):
        build(click.echo)


@click.command("reindex")
def reindex_command() -> None:
    """Write the search text of all records anew; needed once after an upgrade that says so."""
    from aftersales.record.stamps import rewrite_search_text

    with acting_as(SYSTEM):
        click.echo(rewrite_search_text(db.session))


@click.command("rekey")
def rekey_command() -> None:
    """Encrypt patients' data anew with the first of FIELD_KEYS; safe to end and begin again. Says how many records it wrote."""
    from aftersales.record.rekeying import rekey

    with acting_as(SYSTEM):
        click.echo(rekey(db.session))


@click.command("fill-archive")
def fill_archive_command() -> None:
    """Make the archive entries of everything sealed that has none yet; says how many. The runner does it each night besides."""
    from aftersales.archives.entering import enter_sealed_before

    click.echo(enter_sealed_before(db.session))


@click.command("packages")
def packages_command() -> None:
    """List every package at the second place: what a whole restore has to bring back, and under which names it lies there."""
    from aftersales.packages.listing import listing

    with acting_as(SYSTEM):
        for line in listing(db.session):
            click.echo("\t".join(line))


@click.command("verify-trail")
@click.option("--language", type=click.Choice(["zh", "en"]), default="zh")
def verify_trail_command(language: str) -> None:
    """Check the whole audit trail, every record against it, and every stored file."""
    from flask import current_app

    from aftersales.record.audit import verify_command
    from aftersales.record.filed import verify_files
    from aftersales.trail.verification import reading_session

    with acting_as(SYSTEM), reading_session() as session:
        files = verify_files(session, current_app.extensions["store"])
        raise SystemExit(verify_command(session, current_app.extensions["audit"], language, beside=files, say=click.echo))


@click.group("workflow")
def workflow_commands() -> None:
    """The workflows of the record types."""


@workflow_commands.command("draw")
def draw_command() -> None:
    """Write docs/workflows.md anew: the state diagrams, from the declarations."""
    from aftersales.record.diagram import page
    from aftersales.registration import record_types

    WORKFLOWS.write_text(page(dict.fromkeys(record_types())), "utf-8")
    click.echo(WORKFLOWS.name)


__all__ = ["install", "os", "upgrade_database"]
