"""An outcome as JUnit's XML, which every CI shows: a test case for each finding, and for each rule that holds."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from logtriage.coverage import counted
from logtriage.gate.gate import Finding, Outcome
from logtriage.output import harmless

# What XML 1.0 has no way to write.
_UNWRITABLE = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(outcome: Outcome) -> str:
    """One document. Nothing in a log line can become markup."""
    broken = {finding.rule for finding in outcome.findings}
    kept = [rule for rule in outcome.rules if rule not in broken]
    numbers = {"tests": str(len(outcome.findings) + len(kept)), "failures": str(len(outcome.findings)), "errors": "0"}
    root = ElementTree.Element("testsuites", numbers)
    suite = ElementTree.SubElement(root, "testsuite", {"name": "logtriage check", **numbers, "skipped": "0"})
    for rule in kept:
        ElementTree.SubElement(suite, "testcase", {"classname": "logtriage", "name": f"nothing of {rule}"})
    for finding in outcome.findings:
        name = _xml(f"{finding.rule}: {finding.title}")
        case = ElementTree.SubElement(suite, "testcase", {"classname": "logtriage", "name": name})
        failure = ElementTree.SubElement(
            case, "failure", {"message": _xml(message(finding)), "type": str(finding.rule)}
        )
        failure.text = _xml(finding.first.text)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode")


def message(finding: Finding) -> str:
    """`12 records, error, the first at app.log:118`."""
    level = f", {finding.level}" if finding.level else ""
    return f"{counted(finding.records, 'record')}{level}, the first at {finding.first.source}:{finding.first.line}"


def _xml(text: str) -> str:
    return _UNWRITABLE.sub("\ufffd", harmless(text))
