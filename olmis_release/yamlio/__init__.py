"""The files people write and the files we write, as YAML with all scalars as text and every value's place kept.

`guard` refuses what own files must not contain, `document` keeps the places, `models` turns a document into a pydantic
model with every problem placed, `writer` writes the one canonical form.
"""

from olmis_release.yamlio.document import Document, parse_yaml, read_yaml
from olmis_release.yamlio.models import read_model
from olmis_release.yamlio.writer import write_yaml

__all__ = ["Document", "parse_yaml", "read_model", "read_yaml", "write_yaml"]
