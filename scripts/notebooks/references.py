"""What a browser loads when it shows a page, and whether that is in the folder: then it needs no network."""

import re
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup

LOADING_ATTRIBUTES = {("link", "href"), ("image", "href"), ("use", "href"), ("object", "data")}
CSS_REFERENCE = re.compile(r"""url\(\s*["']?([^"')]+)|@import\s*["']([^"']+)""")
JS_IMPORT = re.compile(r"""\b(?:import|from)\s*\(?\s*["']([^"'\n]+)["']""")


def network_problems(folder):
    """List what the pages in a folder would load from elsewhere, or that is not in the folder."""
    problems = []
    for path in sorted([*folder.rglob("*.html"), *folder.rglob("*.css")]):
        text = path.read_text(encoding="utf-8")
        for url in dict.fromkeys(css_references(text) if path.suffix == ".css" else html_references(text)):
            if not is_here(url, path, folder):
                problems.append(f"{path.relative_to(folder)}: would load {url:.200}, which is not in the folder")
    return problems


def html_references(text):
    """List what a page loads; where a link leads is loaded only on a click, and is not in the list."""
    found = []
    # Of two attributes of one name, a browser takes the first.
    soup = BeautifulSoup(text, "html.parser", multi_valued_attributes=None, on_duplicate_attribute="ignore")
    for tag in soup.find_all(True):
        for attribute, value in tag.attrs.items():
            attribute = attribute.removeprefix("xlink:")
            if attribute == "style":
                found += css_references(value)
            elif attribute == "srcset":
                found += [part.split()[0] for part in re.split(r",\s+", value) if part.strip()]
            elif value and (attribute in ("src", "poster") or (tag.name, attribute) in LOADING_ATTRIBUTES):
                found.append(value)
        if tag.name == "style":
            found += css_references(tag.string or "")
        elif tag.name == "script":
            found += JS_IMPORT.findall(tag.string or "")
    return found


def css_references(text):
    return [url or imported for url, imported in CSS_REFERENCE.findall(text)]


def is_here(url, path, folder):
    parts = urlsplit(url.strip())
    if parts.scheme == "data" or url.startswith("#"):
        return True
    if parts.scheme or parts.netloc:
        return False
    target = (path.parent / unquote(parts.path)).resolve()
    return target.is_file() and target.is_relative_to(folder.resolve())
