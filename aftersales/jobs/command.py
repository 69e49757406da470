"""flask jobs: the runner as a process of its own, for whoever starts web and runner apart."""

import logging

import click
from flask import current_app

from aftersales.jobs.runner import run_consumer


@click.command("jobs")
def jobs_command() -> None:
    """Run what runs by itself: deadlines, e-mail, webhooks, sealing the trail, imports and exports. Ctrl-C ends it.

    As many of these as you like may run beside each other, on as many machines as share the database.
    """
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("aftersales").setLevel(logging.INFO)
    run_consumer(current_app._get_current_object())
