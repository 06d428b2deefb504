"""The JSON API of reports. One module a topic."""

from typing import Final

from ninja import Router

from reports.api import disclosures, exports, reports

#: Mounted by config.api, in this order of the documentation.
ROUTERS: Final[tuple[Router, ...]] = (reports.router, exports.router, disclosures.router)
