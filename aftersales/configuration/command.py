"""flask configuration: settings as a file, for whoever sets up instances without a browser."""

from pathlib import Path

import click
from flask import current_app
from sqlalchemy import select

from aftersales.extensions import db


@click.group("configuration")
def configuration_commands() -> None:
    """What administrators set up, as one file."""


@configuration_commands.command("export")
@click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
def export_command(file: Path) -> None:
    """Write every setting into FILE."""
    from aftersales.configuration import document
    from aftersales.configuration.kind import kinds
    from aftersales.configuration.taking import note_export
    from aftersales.record.actor import SYSTEM, acting_as

    with acting_as(SYSTEM):
        file.write_bytes(document.write(db.session(), kinds()))
        note_export(db.session(), kinds())
        db.session.commit()


@configuration_commands.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as", "username", required=True, help="The account that takes the settings over, with its rights.")
@click.option("--section", "sections", multiple=True, help="Only these sections; may be given several times.")
@click.option("--reason", default="", help="Why. Without a reason nothing is stored: a dry run.")
def import_command(file: Path, username: str, sections: tuple[str, ...], reason: str) -> None:
    """Compare FILE with what is here, and with --reason take it over. Ends with 1 where entries are refused."""
    from aftersales.configuration import document
    from aftersales.configuration.pages import TAKES
    from aftersales.configuration.taking import Outcome, note, take
    from aftersales.record.actor import SYSTEM, acting_as
    from aftersales.record.refusal import Refusal
    from aftersales.security.account import Account
    from aftersales.security.manager import actor_of

    with acting_as(SYSTEM):
        actor = actor_of(db.session.scalars(select(Account).where(Account.username == username, Account.active)).one_or_none())
    if not actor.can(*TAKES):
        raise click.ClickException("this account may not import settings")
    data = file.read_bytes()
    with acting_as(actor):
        try:
            taken = take(db.session(), document.read(data), sections or None, reason)
        except Refusal as refusal:
            raise click.ClickException(str(refusal)) from None
        if reason:
            note(db.session(), taken, current_app.extensions["store"].put(data), reason)
            db.session.commit()
        else:
            db.session.rollback()
    for section in taken:
        click.echo(f"{section.kind.name}: {section.refusal or ', '.join(f'{n} {outcome}' for outcome, n in section.counts.items())}")
        for entry in section.entries:
            for line in (*(f"{d.label}: {d.old} → {d.new}" for d in entry.differences), entry.refusal):
                if line:
                    click.echo(f"  {entry.title} [{entry.outcome}] {line}")
    raise SystemExit(any(Outcome.refused in section.counts for section in taken))
