"""A finding in words and figures: whoever reads it can do the sum again by hand or in a spreadsheet."""

from flask_babel import gettext as _

from aftersales.signals.kinds import SignalKind
from aftersales.signals.rates import Finding


def explained(finding: Finding) -> list[str]:
    """Sentences, in the order of the reckoning."""
    days = {"since": finding.since.isoformat(), "until": finding.until.isoformat()}
    if finding.kind == SignalKind.safety_words:
        return [_("The fault as it was told has these words of the list of safety words: %(words)s", words="、".join(finding.words))]
    if finding.kind == SignalKind.repeated:
        told = _("From %(since)s to %(until)s there were %(n)s cases about the same device.", n=finding.observed, **days)
        return [told, _("From %(least)s cases on it is a signal (company rule).", least=finding.least)]
    return [*_counted(finding), *_tested(finding)]


def _counted(finding: Finding) -> list[str]:
    counted = {
        "n": finding.observed, "e": finding.exposure, "others": finding.others, "rest": finding.others_exposure,
        "since": finding.since.isoformat(), "until": finding.until.isoformat(),
    }  # fmt: skip
    match finding.kind:
        case SignalKind.batch:
            own = _("From %(since)s to %(until)s: %(n)s cases of the lot (a device counts once a month), in %(e)s device-days.", **counted)
            other = _("Other lots of the same model: %(others)s cases, in %(rest)s device-days.", **counted)
        case SignalKind.part_batch:
            own = _(
                "From %(since)s to %(until)s: %(n)s cases of devices with a part of the lot, after it was fitted (a device counts once a "
                "month), in %(e)s device-days.",
                **counted,
            )
            other = _("Parts of the same number of other lots: %(others)s cases, in %(rest)s device-days.", **counted)
        case _:
            own = _(
                "From %(since)s to %(until)s: %(n)s cases of the model (a device counts once a month), in %(e)s device-days.", **counted
            )
            other = _("In the months before: %(others)s cases, in %(rest)s device-days.", **counted)
    return [own, other]


def _tested(finding: Finding) -> list[str]:
    total, share = finding.observed + finding.others, finding.share
    told = [
        _(
            "At the same rate its share π = %(e)s ÷ (%(e)s + %(rest)s) = %(share).6f; "
            "expected of %(total)s: %(total)s × π = %(expected).2f.",
            e=finding.exposure, rest=finding.others_exposure, share=share, total=total, expected=finding.expected,
        ),
        _(
            "Chance of %(n)s or more of %(total)s, binomial with π: p = %(p)s. "
            "In a spreadsheet: =1-BINOM.DIST(%(less)s,%(total)s,%(share).6f,TRUE)",
            n=finding.observed, less=finding.observed - 1, total=total, share=share, p=f"{finding.p:.3g}",
        ),
    ]  # fmt: skip
    threshold = f"{finding.threshold:.3g}"
    if finding.looks_a_year:
        limit = _(
            "Limit: risk of a false alarm α = %(alpha)s a year (company rule), half of it for the %(looks)s looks of this kind a year: "
            "α ÷ 2 ÷ %(looks)s = %(threshold)s.",
            alpha=f"{finding.alpha:g}", looks=finding.looks_a_year, threshold=threshold,
        )  # fmt: skip
    else:
        limit = _(
            "Limit: risk of a false alarm α = %(alpha)s (company rule), shared by %(subjects)s lots; look %(look)s (%(n)s − %(least)s + 1) "
            "has the part 6 ÷ (π² × %(look)s²) of it, where π = 3.14159: %(threshold)s.",
            alpha=f"{finding.alpha:g}", subjects=finding.subjects, look=finding.look_no, n=finding.observed, least=finding.least,
            threshold=threshold,
        )  # fmt: skip
    return [*told, limit, _("p is at most the limit: a signal.") if finding.is_signal else _("p is above the limit: no signal.")]
