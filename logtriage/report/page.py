"""A document as one HTML page that needs nothing else: no script, no font, no picture from elsewhere."""

from __future__ import annotations

from html import escape

from logtriage.report.document import Block, Code, Document, Heading, Items, Paragraph, Table, visible
from logtriage.report.picture import svg

_STYLE = """
:root { color-scheme: light dark; --line: #8886; --bar: #4a7dbd; --bad: #c8452f; --sign: #b07a00; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
pre { background: #8881; padding: .6rem .8rem; white-space: pre-wrap; }
table { border-collapse: collapse; } th, td { text-align: left; vertical-align: top; padding: .2rem .6rem; border-bottom: 1px solid var(--line); }
svg { width: 100%; height: auto; font: 12px system-ui, sans-serif; fill: currentColor; }
.bar { fill: var(--bar); } .bad { fill: var(--bad); } .grid { stroke: var(--line); }
.onset { stroke: var(--bad); stroke-width: 2; } .change, .mark, .sign { fill: var(--sign); }
"""
# Nothing may be loaded or run, even if some text found a way to be markup.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def rendered(document: Document) -> str:
    """The whole page."""
    body = "\n".join(map(_block, document.blocks))
    title = shown(document.title)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n{body}\n</body>\n</html>\n"
    )


def shown(text: str) -> str:
    """Any text as HTML that shows it, and is nothing else; it may stand in an attribute too."""
    return escape(visible(text), quote=True)


def _block(block: Block) -> str:
    if isinstance(block, Heading):
        level = min(6, block.level)
        return f"<h{level}>{shown(block.text)}</h{level}>"
    if isinstance(block, Paragraph):
        return f"<p>{shown(block.text)}</p>"
    if isinstance(block, Items):
        tag = "ol" if block.numbered else "ul"
        return f"<{tag}>{''.join(f'<li>{shown(item)}</li>' for item in block.items)}</{tag}>"
    if isinstance(block, Code):
        return f"<pre>{shown(block.text)}</pre>"
    if isinstance(block, Table):
        head = "".join(f"<th>{shown(name)}</th>" for name in block.names)
        rows = "".join(f"<tr>{''.join(f'<td>{shown(cell)}</td>' for cell in row)}</tr>" for row in block.rows)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return svg(block, shown)
