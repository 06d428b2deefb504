"""
How right the figures are: what was published beside what Wattprint computes for it.

`cases` recomputes published runs from their own inputs, `predictions` sets what was never seen beside what was
published, `texts` says which published numbers mislead, `scatter` draws, and `page` puts it in the order of reading.
"""

from reports.validation.page import Filters, ValidationPage, validation_page

__all__ = ["Filters", "ValidationPage", "validation_page"]
