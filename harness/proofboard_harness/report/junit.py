"""The checks of a run as JUnit XML, for the page that a CI server draws.

Format: the schema that Jenkins' xUnit plug-in publishes (https://github.com/jenkinsci/xunit-plugin, `junit-10.xsd`).
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

from .codec import write_whole
from .record import RunRecord
from .rows import ABSENT, Row, main_rows
from .verdict import Check, checks


def write_junit(record: RunRecord, path: Path) -> None:
    """One test case for each check; the measurements are properties of the suite.

    Raises:
        BenchFault: the file can't be written.
    """
    found = checks(record)
    suite = ET.Element(
        "testsuite",
        name=f"proofboard.{record.app}.{record.board.name}",
        tests=str(len(found)),
        failures=str(sum(check.passed is False for check in found)),
        skipped=str(sum(check.passed is None for check in found)),
        errors="0",
        time=f"{record.seconds:.3f}",
        timestamp=record.made_at,
    )
    properties = ET.SubElement(suite, "properties")
    for name, value in _properties(record):
        ET.SubElement(properties, "property", name=name, value=value)
    for check in found:
        _case(suite, record, check)
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    write_whole(path, ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n")


def _case(suite: ET.Element, record: RunRecord, check: Check) -> None:
    classname = f"{record.app}.{record.board.name}.{check.group}"
    case = ET.SubElement(suite, "testcase", classname=classname, name=check.name)
    if check.passed is False:
        ET.SubElement(case, "failure", message=check.message, type=check.group).text = check.message
    elif check.passed is None:
        ET.SubElement(case, "skipped", message=check.message)
    else:
        ET.SubElement(case, "system-out").text = check.message


def _properties(record: RunRecord) -> list[tuple[str, str]]:
    found = [("board", record.board.name), ("board.simulated", str(record.board.simulated).lower())]
    if record.board.chip:
        found.append(("board.chip", record.board.chip))
    for row in main_rows(record):
        found += _row_properties(row)
    found += [
        ("link.bytes", str(record.link.bytes)),
        ("link.seconds", f"{record.link.seconds:.3f}"),
        ("link.retransmits", str(record.link.retransmits)),
    ]
    return found + [(f"tool.{name}", version) for name, version in record.tools.items()]


def _row_properties(row: Row) -> list[tuple[str, str]]:
    """`<quantity>.<image>.<source>` = the number with its unit, for each cell that holds one."""
    cells = [
        ("baseline", row.host_source, row.baseline_host),
        ("baseline", row.target_source, row.baseline_target),
        ("compressed", row.host_source, row.compressed_host),
        ("compressed", row.target_source, row.compressed_target),
    ]
    return [
        (f"{row.name}.{image}.{source}", f"{cell.text} {row.unit}".strip())
        for image, source, cell in cells
        if source is not None and cell.text != ABSENT
    ]
