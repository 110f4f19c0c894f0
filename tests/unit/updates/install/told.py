"""What the records of a box say after a run."""

from __future__ import annotations

from appliance.updates.records.model import Receipt
from tests.fakes.update_site import TestBox


def code(here: TestBox) -> str:
    """The code of what went wrong; there is a fix with it."""
    status = here.records.status()
    assert status is not None
    assert status.done
    assert status.fault is not None
    assert status.fault.fix
    return status.fault.code


def receipt(here: TestBox) -> Receipt:
    """The newest receipt."""
    return here.records.all_receipts()[0]
