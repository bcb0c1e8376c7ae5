"""Which documents a form takes: by name, size, and what their bytes are, whatever the name says.

This keeps out what is no document, and names that are paths. It is no virus scanner: documents are handed out to be saved, never
opened in a page.
"""

import hashlib
import io
import unicodedata
import zipfile
from collections.abc import Mapping
from pathlib import PurePosixPath

from chejian_cloud.errors import InvalidValueError

LARGEST = 10 * 1024 * 1024
"""[byte] of a document; a scan of 50 pages has about 5 MB. Project default."""
MOST = 50
"""Documents of a form; project default."""
_UNPACKED = 50
"""An office document may unpack to this many times `LARGEST`; project default."""
_OFFICE = "application/vnd.openxmlformats-officedocument."
_FIRST: Mapping[str, tuple[bytes, str]] = {
    ".pdf": (b"%PDF-", "application/pdf"),
    ".png": (b"\x89PNG\r\n\x1a\n", "image/png"),
    ".jpg": (b"\xff\xd8\xff", "image/jpeg"),
    ".jpeg": (b"\xff\xd8\xff", "image/jpeg"),
    ".docx": (b"PK\x03\x04", f"{_OFFICE}wordprocessingml.document"),
    ".xlsx": (b"PK\x03\x04", f"{_OFFICE}spreadsheetml.sheet"),
    ".pptx": (b"PK\x03\x04", f"{_OFFICE}presentationml.presentation"),
}
"""End of a name -> first bytes and media type."""
_MAIN = {".docx": "word/document.xml", ".xlsx": "xl/workbook.xml", ".pptx": "ppt/presentation.xml"}
_PATH = frozenset('/\\:*?"<>|')
KINDS = " ".join(sorted(_FIRST))


def checked(name: str, content: bytes, sha256: str | None = None) -> str:
    """The media type of a document that a form may take.

    Args:
        name: of the file.
        content: its bytes.
        sha256: what the sender has counted; None: nothing.

    Raises:
        InvalidValueError: the name is a path or hides something, the document is empty or too large, it is not what its name says,
            or not what the sender sent.
    """
    if (
        _PATH & set(name)
        or name != name.strip()
        or name.startswith(".")
        or any(unicodedata.category(c)[0] == "C" for c in name)
    ):
        raise InvalidValueError(
            "name", name, "the name of a file: no folder, no hidden file, no control characters"
        )
    suffix = PurePosixPath(name).suffix.lower()
    if suffix not in _FIRST:
        raise InvalidValueError("name", name, f"a name that ends with one of {KINDS}")
    if not 0 < len(content) <= LARGEST:
        raise InvalidValueError("content", f"{len(content)} bytes", f"1 to {LARGEST} bytes")
    first, kind = _FIRST[suffix]
    if not content.startswith(first) or (suffix in _MAIN and not _office(content, _MAIN[suffix])):
        raise InvalidValueError("content", f"{len(content)} bytes", f"what the name says ({suffix}, {kind})")
    found = hashlib.sha256(content).hexdigest()
    if sha256 not in {None, found}:
        raise InvalidValueError("sha256", sha256, f"{found}, that of the bytes that arrived")
    return kind


def _office(content: bytes, main: str) -> bool:
    """Whether this is an office document of a kind, without macros, folders outside of itself, or a bomb."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return False
    names = {part.filename for part in parts}
    return (
        {"[Content_Types].xml", main} <= names
        and not any(name.startswith("/") or ".." in PurePosixPath(name).parts for name in names)
        and not any(name.lower().endswith(".bin") and "vba" in name.lower() for name in names)
        and sum(part.file_size for part in parts) <= _UNPACKED * LARGEST
    )
