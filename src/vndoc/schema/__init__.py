"""Schemas generated from the element table, business rules, and the report of both."""

from vndoc.schema.findings import Finding, Report, from_deviation, place_key

__all__ = ["Finding", "Report", "from_deviation", "place_key"]
