"""Mending the files at the first place from the package: bytes first, then the row that says so, as with sealing."""

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy.orm import object_session

from aftersales.packages.bag import payload_file
from aftersales.packages.checking import state_of_file
from aftersales.packages.copies import CopyPlace, CopyState
from aftersales.packages.fixity import note_mended
from aftersales.packages.keys import LockedPackageError
from aftersales.packages.package import ArchivePackage
from aftersales.packages.packing import opened, scratch_file
from aftersales.record.refusal import Refusal
from aftersales.record.storage import DamagedFileError, Store


def mend_first(package: ArchivePackage) -> None:
    """Put back from the package every file of the entry that is not whole at the first place."""
    store: Store = current_app.extensions["store"]
    with scratch_file() as tar:
        try:
            opened(package, tar)
        except (FileNotFoundError, DamagedFileError, LockedPackageError) as error:
            raise Refusal(_("The package itself is damaged: there is nothing to mend from.")) from error
        for file in package.entry.archived_files:
            if state_of_file(store, file.sha256) is not CopyState.whole:
                with payload_file(tar, file.sha256) as content:
                    if content is None:
                        raise Refusal(_("The package does not hold %(file)s.", file=file.name))
                    store.put_file(content)
    package.first_copy = CopyState.whole
    note_mended(object_session(package), package.entry, CopyPlace.first)
