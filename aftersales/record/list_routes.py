"""The list of a record type and what people do with it: arrange its columns, keep views of it, move many records at once."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import redirect, render_template, request
from flask_appbuilder import expose, has_access, permission_name
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from aftersales.extensions import db
from aftersales.labels import has_label, language
from aftersales.record import arranging
from aftersales.record.actor import current_actor
from aftersales.record.base import SharedRecord
from aftersales.record.bulk import MOST, for_many, offers, perform_each
from aftersales.record.choosing import NEXT_DUE, choosable, chosen, columns_of, label_of, usual
from aftersales.record.clocks import ClockRun, next_open
from aftersales.record.filtering import argument_names, filtered
from aftersales.record.form_page import asked
from aftersales.record.list_frame import active, bounded_text, clock_chips, counts, filters_of, is_found_by_index, state_chips
from aftersales.record.list_panels import column_panel, filter_form
from aftersales.record.list_table import heads_of, rows_of
from aftersales.record.listing import ListPage, list_page, list_query, orders
from aftersales.record.refusable import refusable
from aftersales.record.refusal import Refusal
from aftersales.record.totals import totals

EVERYTHING = "0"  # the view without a filter, told from the bare address, which opens with the person's own view
LARGEST_ID = 2**63 - 1


class ListRoutes:
    """Mixed into the pages of every record type."""

    record_type: type[SharedRecord]
    list_page_template = "record/list.html"
    url: Any

    @expose("/list/")
    @has_access
    @permission_name("list")
    @refusable
    def list(self) -> str:
        cls = self.record_type
        asked = list_args(cls, request.args)
        if not asked and (own := self.opening()) is not None:
            return own
        arranged = arranging.arrangement(db.session, cls)
        setting, views = arranged.setting, arranged.views
        args = asked or _opening(setting, views)
        keep = {name: value for name, value in args.items() if name not in ("after", "before")}
        query = list_query(db.session, cls, args, tuple(name for name in setting.columns if name in choosable(cls)))
        page = list_page(db.session, query, args, setting.size)
        found, filters = counts(db.session, cls, keep), filters_of(db.session, cls, args)
        searched = keep.get("q", "") if cls.searched else None

        columns = columns_of(cls, query.columns)
        named = tuple((name, label_of(cls, name)) for name in dict.fromkeys((*query.columns, *choosable(cls))))
        panel = column_panel(named, len(columns), request.args.get("panel") == "columns", language())

        here = self.url("list")

        def address(**changes: str | None) -> str:
            kept = {name: value for name, value in {**keep, **changes}.items() if value}
            return f"{here}?{urlencode(kept or {'view': EVERYTHING})}"

        return render_template(
            self.list_page_template, cls=cls, page=page, keep=keep, query=urlencode(keep),
            shown_query=urlencode({**keep, "columns": ",".join(query.columns)}), address=address, url=self.url,
            columns=columns, heads=heads_of(columns, keep.get("order", ""), orders(cls), address),
            rows=rows_of(cls, page.rows, columns, self._clocks(query.columns, page.rows)),
            filter_form=filter_form(here, _along(keep), searched, tuple(filters), panel, language()),
            states=state_chips(cls, keep, found, address), others=clock_chips(cls, keep, found, address),
            active=active(db.session, cls, keep, filters, address), narrowed=bool(set(keep) & set(argument_names(cls))),
            sums=totals(db.session, query, page, is_found_by_index=is_found_by_index(cls, keep)),
            total=_total(page, found, args), views=views, setting=setting, sizes=arranging.SIZES,
            audiences=arranged.audiences,
            view=next((view for view in views if str(view.id) == keep.get("view")), None), most=MOST,
            offers=offers(cls, filter(None, keep.get("state", "").split(","))),
            has_label=has_label, may_write=current_actor().can("can_write", cls.permission_name()),
        )  # fmt: skip

    def opening(self) -> str | None:
        """The page that a particular type has at the bare address, in the place of its list."""
        return None

    def _clocks(self, columns: Sequence[str], rows: Sequence[Any]) -> dict[int, ClockRun]:
        """The next open deadline of each row, where a column shows it."""
        return next_open(db.session, self.record_type, [row.id for row in rows]) if NEXT_DUE in columns else {}

    @expose("/list/arrange", methods=["POST"])
    @has_access
    @permission_name("list")
    @refusable
    def arrange(self) -> Response:
        """The person's own columns or page size. Without a script the arrows of the panel send the form too, and open it again."""
        cls, form = self.record_type, request.form
        if "size" in form:
            arranging.keep_size(db.session, cls, form.get("size", 0, type=int))
        elif "reset" in form:
            arranging.keep_columns(db.session, cls, ())
        else:
            names = chosen(cls, ",".join(form.getlist("column")))
            arranging.keep_columns(db.session, cls, _moved(names or usual(cls), form.get("move", "")))
        db.session.commit()
        back = list_args(cls, _pairs(form.get("query", "")))
        changed = {name: value for name, value in back.items() if name not in ("after", "before", "columns")} or {"view": EVERYTHING}
        return redirect(self.url("list", **changed, **({"panel": "columns"} if "move" in form else {})))

    @expose("/list/view", methods=["POST"])
    @has_access
    @permission_name("list")
    @refusable
    def keep_view(self) -> Response:
        """Keep, change, share, delete or open with a view."""
        cls, form, session = self.record_type, request.form, db.session
        view_id = form.get("view", type=int)
        view = arranging.view_of(session, cls, view_id) if view_id else None
        match form.get("do"):
            case "save":
                shared_with = form.get("shared_with", arranging.MINE)
                view = arranging.keep_view(session, cls, form.get("query", ""), form.get("name", ""), shared_with, view)
            case "open":
                arranging.open_with(session, cls, view)
            case "drop" if view is not None:
                arranging.drop_view(session, view)
                view = None
            case _:
                raise Refusal(_("There is no such action."))
        shown = {"view": EVERYTHING} if view is None else view.args | {"view": view.id}
        session.commit()
        return redirect(self.url("list", **shown))

    @expose("/bulk", methods=["POST"])
    @has_access
    @permission_name("perform")
    @refusable
    def bulk(self) -> Any:
        """First asks what the transition asks, once for all chosen records; confirmed with `go`, moves them one by one and reports."""
        cls, posted = self.record_type, request.form
        ids = self._chosen(posted)
        transition = for_many(cls, posted.get("transition", ""))
        is_confirmed = "go" in posted
        form = asked(cls, transition, posted if is_confirmed else None)
        reason = (form.change_reason.data or "").strip()
        if is_confirmed and form.validate() and (reason or not transition.reason):
            outcomes = [*perform_each(db.session, cls, ids, transition.name, values=form.values(), reason=reason)]
            return render_template(
                "record/bulk_report.html", cls=cls, transition=transition, outcomes=outcomes, url=self.url, query=posted.get("query", "")
            )
        if is_confirmed and transition.reason and not reason:
            form.change_reason.errors = [_("Give a reason.")]
        states = list(db.session.scalars(select(cls.state).where(cls.id.in_(ids))))
        body = render_template(
            "record/bulk.html", cls=cls, transition=transition, ids=ids, form=form, url=self.url, query=posted.get("query", ""),
            states={state: states.count(state) for state in dict.fromkeys(states)}, most=MOST,
        )  # fmt: skip
        return (body, 422) if is_confirmed else body

    def _chosen(self, posted: Any) -> Sequence[int]:
        """The ticked records, or with `all` those the list's filter finds, the newest first; no more than MOST."""
        cls = self.record_type
        if "all" in posted:
            narrowed = filtered(db.session, cls, list_args(cls, _pairs(posted.get("query", ""))))
            return list(db.session.scalars(narrowed.with_only_columns(cls.id).order_by(cls.id.desc()).limit(MOST)))
        ids = [pk for pk in dict.fromkeys(posted.getlist("ids", type=int)) if 0 < pk <= LARGEST_ID][:MOST]
        if not ids:
            raise Refusal(_("Tick the records first."))
        return ids


def list_args(cls: type[SharedRecord], sent: Mapping[str, str]) -> dict[str, str]:
    """What of an address belongs to the list."""
    known = {*argument_names(cls), "order", "columns", "view", "after", "before"}
    return {name: text for name, value in sent.items() if name in known and (text := value.replace("\0", "").strip())}


def _along(keep: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """What of the address a filter takes along; without a view it says so, else the list would open with the person's own."""
    kept = {"view": EVERYTHING} | keep
    return tuple((name, kept[name]) for name in ("view", "order", "columns", "state", "clock", "mine") if kept.get(name))


def _opening(setting: arranging.ListSetting, views: Sequence[arranging.ListView]) -> dict[str, str]:
    """The view that the bare address opens with."""
    view = next((view for view in views if view.id == setting.view_id), None)
    return {} if view is None else view.args | {"view": str(view.id)}


def _total(page: ListPage, found: Mapping[tuple[str, str], int], args: Mapping[str, str]) -> str:
    """How many there are, where that costs next to nothing: the only page is counted, else an index counts to a thousand."""
    if not page.after and not page.before:
        return str(len(page.rows))
    return bounded_text(found["", ""]) if found else ""


def _moved(names: tuple[str, ...], step: str) -> tuple[str, ...]:
    """`step` is "up:name" or "down:name"."""
    way, _colon, name = step.partition(":")
    if name not in names:
        return names
    at, order = names.index(name), [*names]
    to = max(0, at - 1) if way == "up" else min(len(order) - 1, at + 1)
    order.insert(to, order.pop(at))
    return tuple(order)


def _pairs(query: str) -> dict[str, str]:
    return dict(parse_qsl(query[:4000]))
