"""The page where a person watches the jobs they asked for, and fetches what came of them."""

from io import BytesIO
from typing import Any

from flask import Response, abort, current_app, flash, jsonify, redirect, render_template, request, send_file, url_for
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _

from aftersales.extensions import db
from aftersales.jobs.job import Job, JobState, job_of, visible
from aftersales.jobs.work import cancel, may_be_cancelled
from aftersales.record.actor import current_actor
from aftersales.record.display import words
from aftersales.record.storage import Store

PAGE = 25
LARGEST_ID = 2**63 - 1


class JobsView(BaseView):
    """Each person sees their own jobs; who may see everybody's sees all."""

    route_base = "/jobs"
    default_view = "index"
    section = "settings"
    permission = ("can_read", "Job")

    @classmethod
    def title(cls) -> str:
        return _("Imports and exports")

    @expose("/")
    def index(self) -> Any:
        actor = current_actor()
        if actor.user_id is None:
            return redirect(url_for("AuthDBView.login"))
        before = request.args.get("before", type=int)
        chosen = visible(actor).order_by(Job.id.desc()).limit(PAGE + 1)
        jobs = list(db.session.scalars(chosen if before is None else chosen.where(Job.id < min(before, LARGEST_ID))))
        next_url = url_for(".index", before=jobs[PAGE - 1].id) if len(jobs) > PAGE else None
        first_url = url_for(".index") if before is not None else None
        return render_template("jobs/list.html", jobs=jobs[:PAGE], next_url=next_url, first_url=first_url, tone=tone, words=words)

    @expose("/<int:pk>")
    def show(self, pk: int) -> Any:
        job = self._job(pk)
        return render_template("jobs/show.html", job=job, may_cancel=may_be_cancelled(job), tone=tone, words=words)

    @expose("/<int:pk>/progress")
    def progress(self, pk: int) -> Any:
        job = self._job(pk)
        return jsonify(
            state=job.state.value, state_label=words(job.state), done=job.done, total=job.total, percent=job.percent, message=job.message,
            is_final=job.state.is_final, result_url=url_for(".result", pk=pk) if job.result else None,
        )  # fmt: skip

    @expose("/<int:pk>/result")
    def result(self, pk: int) -> Any:
        job = self._job(pk)
        if job.state is not JobState.done or job.result is None:
            abort(404)
        return send_result(job)

    @expose("/<int:pk>/cancel", methods=["POST"])
    def cancel(self, pk: int) -> Any:
        if not cancel(db.session, self._job(pk)):
            flash(_("It had ended already, or has to be done."), "info")
        return redirect(url_for(".show", pk=pk), 303)

    def _job(self, pk: int) -> Job:
        """The job, or 404: also for one of somebody else, and for nobody."""
        actor = current_actor()
        job = job_of(db.session, pk, actor) if actor.user_id is not None and pk <= LARGEST_ID else None
        if job is None:
            abort(404)
        return job


def send_result(job: Job) -> Response:
    """The file a job left behind."""
    store: Store = current_app.extensions["store"]
    data = BytesIO(store.get(str(job.result)))
    response = send_file(data, mimetype=job.result_media_type, download_name=job.result_name, as_attachment=True)
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def tone(job: Job) -> str:
    return {JobState.done: "ok", JobState.failed: "late", JobState.running: "accent"}.get(job.state, "")
