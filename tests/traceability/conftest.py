from tests.spreadsheet.conftest import office

__all__ = ["office"]
