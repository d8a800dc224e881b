"""Dates as files state them → ISO 8601."""

from __future__ import annotations

import re
from datetime import date, datetime
from email.utils import parsedate_to_datetime

_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?\s*(Z|[+-]\d{2}:?\d{2})?)?")
_PDF = re.compile(r"D?:?(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?\s*(Z|[+-]\d{2})?'?(\d{2})?")


def iso_date(text: str) -> str:
    """ISO 8601 date or date-time of an ISO-like or mail date; empty when it is neither or not a real day."""
    text = text.strip().strip("\"'")
    if match := _ISO.match(text):
        if match[4] is None:
            return _checked(match[0][:10], date.fromisoformat)
        zone = (match[7] or "").replace("Z", "+00:00")
        zone = zone if not zone or ":" in zone else f"{zone[:3]}:{zone[3:]}"
        return _checked(f"{match[0][:10]}T{match[4]}:{match[5]}:{match[6] or '00'}{zone}", datetime.fromisoformat)
    try:
        return parsedate_to_datetime(text).isoformat(timespec="seconds")
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""


def pdf_date(text: str) -> str:
    """ISO 8601 of a PDF date such as ``D:20240131120000+01'00'``; empty when it is none."""
    match = _PDF.match(text.strip())
    if not match:
        return ""
    year, month, day, hour, minute, second, zone, zone_minutes = match.groups()
    text = f"{year}-{month or '01'}-{day or '01'}"
    if hour is None:
        return _checked(text, date.fromisoformat)
    offset = "" if zone is None else "+00:00" if zone == "Z" else f"{zone}:{zone_minutes or '00'}"
    return _checked(f"{text}T{hour}:{minute or '00'}:{second or '00'}{offset}", datetime.fromisoformat)


def _checked(text: str, read: object) -> str:
    try:
        return read(text).isoformat()  # type: ignore[operator,no-any-return]
    except ValueError:
        return ""
