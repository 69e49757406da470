import aftersales.menu  # noqa: F401  maps every record class
from tests.spreadsheet.conftest import office

__all__ = ["office"]
