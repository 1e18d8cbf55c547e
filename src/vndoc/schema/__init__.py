"""Schemas generated from the element table, business rules, and the report of both."""

from vndoc.schema.check import STRUCTURES, check
from vndoc.schema.findings import Finding, Findings, Report, from_deviation, place_key
from vndoc.schema.rules import RULES, Rule

__all__ = ["RULES", "STRUCTURES", "Finding", "Findings", "Report", "Rule", "check", "from_deviation", "place_key"]
