"""The pieces of forms: a field with its caption and help, a file to be chosen, a dialog. Templates call them as `ui.form_field(…)`;
templates/record/_macros.html describes them all. They are functions as those of `pieces` are: a record's page has a dialog for every
step that can be done, and a macro takes ten times as long.
"""

from collections.abc import Callable, Iterable
from typing import Any

from flask import current_app, g
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup, escape
from wtforms import Field

from aftersales.labels import label
from aftersales.labels import translated as _
from aftersales.record.base import SharedRecord
from aftersales.record.forms import RecordForm
from aftersales.record.pieces import icon
from aftersales.record.refusal import Refusal
from aftersales.record.words import Meaning, Transition

Caller = Callable[[], Any] | None
TALL = ("TextAreaField", "ProseField", "JsonField", "ManyField")  # kinds of field that take the whole width


def csrf() -> Markup:
    """The hidden token of a POST form. One for all of a page."""
    if "csrf_input" not in g:
        g.csrf_input = Markup(f'<input type="hidden" name="csrf_token" value="{generate_csrf()}">')
    return g.csrf_input


def dialog(
    id: str, title: Any, url: str, submit: Any, tone: str = "primary", open: bool = False, intro: Any = "", error: Any = "",
    enctype: str = "", late: str = "", caller: Caller = None,
) -> Markup:  # fmt: skip
    """`caller`: its fields."""
    title = escape(title)
    kept = f' data-late="{title}" data-record="{late}" data-single' if late else ""
    form = f'<form action="{escape(url)}" method="post"' + (f' enctype="{enctype}"' if enctype else "") + f"{kept}>{csrf()}"
    close = f'<button class="quiet" type="button" data-dialog-close aria-label="{_("Close")}">{icon("close")}</button>'
    warning = f'<div class="flash late" role="alert">{icon("warn")}<span>{escape(error)}</span></div>' if error else ""
    told = f"<p>{escape(intro)}</p>" if intro else ""
    return Markup(
        f'<dialog id="{id}" aria-labelledby="{id}-title"{" open" if open else ""}>{form}'
        f'<header><h2 id="{id}-title">{title}</h2>{close}</header>'
        f'<div class="body">{warning}{told}<div class="fields">{caller() if caller else ""}</div></div>'
        f'<footer><button class="btn" type="button" data-dialog-close>{_("Back")}</button>'
        f'<button class="btn {tone}">{escape(submit)}</button></footer></form></dialog>'
    )


def move_dialog(
    record: SharedRecord, transition: Transition, form: RecordForm, intro: str = "", prefix: str = "move-", is_open: bool = False,
    refusal: Refusal | None = None,
) -> Markup:  # fmt: skip
    """The dialog of a transition. `is_open`: it comes back with errors, which the form has, and `refusal` of the signature."""
    title, id = label(f"{record.key()}.transition.{transition.name}"), prefix + transition.name
    signs = transition.signs
    is_by_staff = signs is not None and signs.by is Meaning.staff

    def asked() -> str:
        told = [f'<input type="hidden" name="version" value="{record.version}">']
        told += [form_field(form[name], within=id) for name in transition.fields]
        if transition.reason:
            told.append(reason_field(value=form.change_reason.data or "", error=_joined(form.change_reason.errors) if is_open else ""))
        if is_by_staff:
            told.append(password_field(_joined(refusal.errors.get("password", ())) if is_open and refusal else ""))
        elif signs is not None:
            told.append(_customer_signs(id))
        return "".join(told)

    return dialog(
        id, title, f"/{record.key()}/{record.id}/perform/{transition.name}", title,
        tone="danger" if is_end(record, transition) else "primary", open=is_open, intro=intro,
        error=_joined(form.form_errors) if is_open else "", enctype="multipart/form-data" if signs and not is_by_staff else "",
        late="" if is_by_staff else f"{record.key()}/{record.id}", caller=asked,
    )  # fmt: skip


def is_end(record: SharedRecord, transition: Transition) -> bool:
    """Whether a step gives a record up, so that its button warns."""
    return transition.reason and record.workflow.state(transition.target).ends


def _joined(texts: Iterable[Any]) -> str:
    return " ".join(str(text) for text in texts)


def _customer_signs(id: str) -> str:
    name = '<input name="signer" maxlength="120" required>'
    pad = signature("drawn", _("Customer's signature"), required=False)
    photo = picker(lambda: Markup(f'<input type="file" id="{id}-paper" name="paper" accept="image/*" capture="environment">'))
    return (
        f'<div class="field wide"><label><span class="required">{_("Name of the person who signs")}</span>{name}</label></div>'
        f"{pad}"
        f'<div class="field wide"><label for="{id}-paper">{_("Or a photo of the signed paper")}</label>{photo}</div>'
    )


def signature(name: str, label: Any, required: bool = True) -> Markup:
    """A pad that writes a PNG as a data URL into the hidden input `name`."""
    caption, mark, demand = escape(label), "required" if required else "", " data-required" if required else ""
    canvas = f'<canvas aria-label="{caption}" role="img"></canvas><button class="btn small" type="button" data-clear>{_("Clear")}</button>'
    return Markup(
        f'<div class="field wide"><label><span class="{mark}">{caption}</span></label>'
        f'<div class="pad" data-signature="{name}"{demand}>{canvas}</div>'
        f'<span class="hint">{_("Sign with a finger, a pen or the mouse.")}</span></div>'
    )


def reason_field(required: bool = True, value: Any = "", error: Any = "", name: str = "reason") -> Markup:
    asked, faulty = " required" if required else "", _faulty(name, error)
    area = f'<textarea name="{name}" rows="3"{faulty}{asked}>{escape(value)}</textarea>'
    return _asking(_("Reason"), required, area, name, error, _("Kept with the record for good."))


def password_field(error: Any = "", name: str = "password") -> Markup:
    box = f'<input type="password" name="{name}" autocomplete="current-password"{_faulty(name, error)} required>'
    return _asking(_("Your password"), True, box, name, error, _("Typing it here is your signature."))


def _asking(caption: Any, required: bool, control: str, name: str, error: Any, help: Any) -> Markup:
    mark, look = "required" if required else "", " bad" if error else ""
    return Markup(
        f'<div class="field wide{look}"><label><span class="{mark}">{caption}</span>{control}</label>{_note(name, error, help)}</div>'
    )


def _faulty(name: str, error: Any) -> str:
    return f' aria-invalid="true" aria-describedby="{name}-error"' if error else ""


def _note(id: str, error: Any, help: Any) -> str:
    wrong = f'<span class="error" id="{id}-error">{escape(error)}</span>' if error else ""
    return wrong + (f'<span class="hint" id="{id}-help">{escape(help)}</span>' if help else "")


def picker(caller: Callable[[], Any]) -> Markup:
    """`caller`: an <input type="file">, with our words and what was chosen."""
    most = current_app.config["MAX_CONTENT_LENGTH"]
    too_much = _("Too large: at most %(n)s MB at once.", n=most // 1048576)
    words = _("Choose a file, or drop it here")
    return Markup(
        f'<label class="picker" data-most="{most}" data-too-much="{too_much}">{caller()}<span>{icon("paper")}{words}</span>'
        '<span class="previews"></span></label>'
    )


def form_field(
    field: Field, wide: bool | None = None, lookup: str = "", text: Any = "", depends: str = "", accept: str = "", capture: str = "",
    placeholder: Any = "", help: Any = "", within: str = "",
) -> Markup:  # fmt: skip
    """Any field of WTForms; caption, mark, help and errors come from it. `within`: the dialog it stands in, where a page has several."""
    kind = field.type
    if "HiddenField" in kind or kind == "CSRFTokenField":
        return field()
    id = f"{within}-{field.id}" if within else field.id
    required, on_the_way = field.flags.required, field.flags.filled_on_the_way
    help = " ".join(str(part) for part in (help or field.description, on_the_way) if part)
    error = " ".join(str(each) for each in field.errors)
    attributes = {"id": id} if within else {}
    if described := " ".join(f"{id}-{part}" for part, there in (("error", error), ("help", help)) if there):
        attributes["aria-describedby"] = described
    if error:
        attributes["aria-invalid"] = "true"
    if placeholder:
        attributes["placeholder"] = placeholder
    caption, note, look = escape(field.label.text), _note(id, error, help), " bad" if error else ""
    mark = "required" if required or (on_the_way is not None and kind not in ("BooleanField", "RadioField")) else ""
    if kind == "BooleanField":
        tick = f'<label class="tick" for="{id}">{field(**attributes)}<span class="{mark}">{caption}</span></label>'
        return Markup(f'<div class="field{" wide" if wide else ""}{look}">{tick}{note}</div>')
    if kind == "RadioField":
        labelled = ((option.id, option(required=required), escape(option.label.text)) for option in field)
        options = "".join(f'<li><label for="{each}">{button}<span>{words}</span></label></li>' for each, button, words in labelled)
        legend = f'<legend><span class="{mark}">{caption}</span></legend>'
        return Markup(f'<fieldset class="field{" wide" if wide else ""}{look}">{legend}<ul class="choices">{options}</ul>{note}</fieldset>')
    if wide is None:
        wide = kind in TALL or getattr(field, "is_wide", False)
    label = f'<label for="{id}"><span class="{mark}">{caption}</span></label>'
    control = _control(field, kind, attributes, lookup, text, depends, accept, capture)
    return Markup(f'<div class="field{" wide" if wide else ""}{look}" id="at-{id}">{label}{control}{note}</div>')


def _control(
    field: Field, kind: str, attributes: dict[str, Any], lookup: str, text: Any, depends: str, accept: str, capture: str
) -> Markup:
    if "FileField" in kind:
        attributes |= {name: value for name, value in (("accept", accept), ("capture", capture)) if value}
        return picker(lambda: field(**attributes))
    url = lookup or getattr(field, "lookup_url", "")
    if not url:
        return field(**attributes)
    is_many = getattr(field, "lookup_many", False)
    text = text or field.lookup_text or ""
    attributes |= {"type": "hidden", "data-lookup": url, "data-text": text}
    attributes |= {"data-many": ""} if is_many else {}
    if depends := depends or getattr(field, "lookup_depends", ""):
        attributes["data-depends"] = depends
    return field(**attributes) + looked_up("、".join(str(row) for row in field.data or ()) if is_many else text)


def looked_up(text: Any) -> Markup:
    """What a look-up shows until its script has made a box of it: the words, never the number."""
    return Markup(f'<input value="{escape(text or "")}" readonly tabindex="-1" aria-hidden="true">')


PIECES = (csrf, dialog, move_dialog, is_end, reason_field, password_field, picker, signature, form_field, looked_up)
