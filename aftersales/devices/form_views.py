"""The pages of forms beside the generic ones: by product, as on the telephone, version against version, and the next version."""

from typing import Any

from flask import abort, flash, redirect, render_template, request
from flask_appbuilder import expose, has_access, permission_name
from flask_babel import gettext as _
from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from aftersales.devices.answering import row_of
from aftersales.devices.family import DeviceFamily
from aftersales.devices.form_versions import TONES, compare, renew
from aftersales.devices.function_test import FormPurpose, FunctionTest, standings
from aftersales.devices.model import DeviceModel
from aftersales.extensions import db
from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.display import words
from aftersales.record.forms import RecordForm
from aftersales.record.now import today
from aftersales.record.refusable import refusable
from aftersales.record.views import RecordView
from aftersales.record.words import Transition

PAGE = 25
MOST_VERSIONS = 1000
IN_A_FRAME = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'self'"
LARGEST_ID = 2**63 - 1


class FunctionTestView(RecordView):
    """A version with its lines, the others of its kind, and what can be made of it."""

    show_page_template = "devices/form.html"
    list_page_template = "devices/forms.html"
    rows_page_template = "devices/form_rows.html"
    include_route_methods = RecordView.include_route_methods | {"products", "phone", "compare", "renew"}

    def show_extras(self, record: SharedRecord) -> dict[str, Any]:
        assert isinstance(record, FunctionTest)
        versions = record.versions()
        return {"versions": versions, "standings": standings(versions), "may_renew": _may_write()}

    def _ask(self, record: SharedRecord, transition: Transition, formdata: MultiDict[str, str] | None = None) -> RecordForm:
        form = super()._ask(record, transition, formdata)
        if formdata is None and "effective_on" in form and form.effective_on.data is None:
            form.effective_on.data = today()
        return form

    def opening(self) -> str:
        return self._products()

    @expose("/products")
    @has_access
    @permission_name("read")
    @refusable
    def products(self) -> str:
        return self._products()

    def _products(self) -> str:
        """Every family and its models, each with its version in force, the coming one and the draft."""
        purpose = FormPurpose(chosen) if (chosen := request.args.get("purpose", "")) in list(FormPurpose) else FormPurpose.function_test
        after = max(0, min(request.args.get("after", 0, type=int), LARGEST_ID))
        chosen_families = select(DeviceFamily).where(DeviceFamily.id > after).order_by(DeviceFamily.id).limit(PAGE + 1)
        families = list(db.session.scalars(chosen_families))
        more, families = families[PAGE - 1].id if len(families) > PAGE else None, families[:PAGE]
        return render_template(
            "devices/products.html", purpose=purpose, purposes=list(FormPurpose), rows=_by_product(families, purpose), after=after,
            more=more, url=self.url, words=words, may_write=_may_write(),
        )  # fmt: skip

    @expose("/<int:pk>/phone")
    @has_access
    @permission_name("read")
    @refusable
    def phone(self, pk: int) -> Any:
        """The very form an engineer will see, in the width of a telephone."""
        form = self._record(pk, full=True)
        if "inside" not in request.args:
            return render_template("devices/phone.html", form=form, url=self.url)
        sheet = {"form": form, "rows": [row_of(item, None) for item in form.items]}
        kinds = list(dict.fromkeys(item.instrument_kind for item in form.items if item.instrument_kind is not None))
        body = render_template("devices/phone_inside.html", form=form, sheet=sheet, kinds=kinds, words=words, may_write=True)
        response = Response(body, mimetype="text/html")
        response.headers["Content-Security-Policy"], response.headers["X-Frame-Options"] = IN_A_FRAME, "SAMEORIGIN"
        return response

    @expose("/<int:pk>/compare")
    @has_access
    @permission_name("read")
    @refusable
    def compare(self, pk: int) -> str:
        """This version against the one `with` names, else against the one before it."""
        new = self._record(pk, full=True)
        versions = new.versions()
        wanted = request.args.get("with", type=int)
        old = next((v for v in versions if v.id == wanted), None) or next((v for v in versions if v.revision < new.revision), None)
        lines = compare(old, new) if old is not None else []
        return render_template(
            "devices/compare.html", new=new, old=old, lines=lines, versions=versions, tones=TONES, url=self.url, words=words
        )

    @expose("/<int:pk>/renew", methods=["POST"])
    @has_access
    @permission_name("write")
    @refusable
    def renew(self, pk: int) -> Response:
        """The next version as a draft with the same lines."""
        form = self._record(pk, full=True)
        if not _may_write():
            abort(403)
        draft = renew(db.session, form)
        db.session.commit()
        flash(_("Version %(n)s is a draft: change its lines, then let somebody else approve it.", n=draft.revision), "success")
        return redirect(self.url("show", pk=draft.id))


def _by_product(families: list[DeviceFamily], purpose: FormPurpose) -> list[dict[str, Any]]:
    """A row for each family, then for each model that has a form of its own; three statements however many there are."""
    ids = [family.id for family in families]
    own = select(DeviceModel.id).where(DeviceModel.family_id.in_(ids))
    here = or_(FunctionTest.family_id.in_(ids), FunctionTest.model_id.in_(own))
    chosen = select(FunctionTest).where(FunctionTest.purpose == purpose, here)
    forms = list(db.session.scalars(chosen.options(joinedload(FunctionTest.model)).order_by(FunctionTest.id.desc()).limit(MOST_VERSIONS)))
    rows = []
    for family in families:
        models = {form.model_id: form.model for form in forms if form.model is not None and form.model.family_id == family.id}
        rows.append(_row(family, None, [form for form in forms if form.family_id == family.id]))
        rows += [_row(family, model, [form for form in forms if form.model_id == pk]) for pk, model in sorted(models.items())]
    return rows


def _row(family: DeviceFamily, model: DeviceModel | None, versions: list[FunctionTest]) -> dict[str, Any]:
    stands = standings(versions)
    by_standing: dict[str, list[FunctionTest]] = {"in_force": [], "coming": [], "past": [], "draft": []}
    for form in versions:
        by_standing[stands[form.id].value if form.id in stands else "draft"].append(form)
    return {"family": family, "model": model, **by_standing}


def _may_write() -> bool:
    return current_actor().can("can_write", FunctionTest.permission_name())
