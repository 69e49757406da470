"""The device a caller means: by our number, its serial or lot number, or the code a scanner types."""

from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import or_, select
from sqlalchemy.orm import Session, joinedload

from aftersales.devices.device import Device
from aftersales.devices.udi import Issuer, Udi, parse_udi

MOST = 8


@dataclass(frozen=True)
class Finding:
    """The devices that fit a code (at most eight, loaners too), and what is wrong with the code, in words."""

    devices: list[Device]
    problems: list[str]

    @property
    def device(self) -> Device | None:
        return self.devices[0] if len(self.devices) == 1 else None


def find(session: Session, code: str) -> Finding:
    """One statement, by indexed columns only. A UDI that names the unit is matched by product and unit; one that does not, by product."""
    udi = parse_udi(code)
    text = code.strip()
    if udi.is_valid and udi.di is not None:
        return _told(session, udi, _by_udi(udi), [])
    fits = or_(Device.serial_no == text, Device.lot_no == text, Device.number == text.upper(), Device.udi_di == (udi.di or text))
    problems = [_(problem.message, **problem.parameters) for problem in udi.problems] if udi.issuer is not Issuer.unknown else []
    return _told(session, udi, [fits], problems)


def _by_udi(udi: Udi) -> list[object]:
    fits: list[object] = [Device.udi_di == udi.di]
    if udi.serial:
        fits.append(Device.serial_no == udi.serial)
    elif udi.lot:
        fits.append(Device.lot_no == udi.lot)
    return fits


def _told(session: Session, udi: Udi, fits: list[object], problems: list[str]) -> Finding:
    chosen = select(Device).where(*fits).options(joinedload(Device.model), joinedload(Device.customer)).order_by(Device.id).limit(MOST + 1)
    devices = list(session.scalars(chosen).unique())
    if not devices:
        named = udi.serial or udi.lot or udi.di or udi.raw.strip()
        problems = [
            *problems,
            _("No device is known under “%(code)s”. Look it up by its hospital, or write down what the caller says.", code=named[:60]),
        ]
    elif len(devices) > MOST:
        problems = [*problems, _("More than %(count)s devices fit. Look it up by its hospital instead.", count=MOST)]
    return Finding(devices[:MOST], problems)
