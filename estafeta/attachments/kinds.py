"""What a file is by what it holds, never by what its sender says.

Only kinds that no browser and no office runs when they are shown get a name of their own; all else is
`application/octet-stream`: pages, pictures with scripts in them (SVG), programs, documents with macros. A sender may
still build a file that is two kinds at once, so whoever serves files says `nosniff` too.
"""

from __future__ import annotations

import codecs
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import puremagic

from estafeta.kernel.model import MediaKind

UNKNOWN = "application/octet-stream"

_OOXML = "application/vnd.openxmlformats-officedocument"
_ODF = "application/vnd.oasis.opendocument"

INERT: dict[str, tuple[str, MediaKind]] = {
    "image/jpeg": ("jpg", "photo"),
    "image/png": ("png", "photo"),
    "image/webp": ("webp", "photo"),
    "image/gif": ("gif", "document"),  # as a photo it would stand still
    "image/heic": ("heic", "document"),  # few browsers and no messenger show it
    "image/bmp": ("bmp", "document"),
    "image/tiff": ("tiff", "document"),
    "audio/mpeg": ("mp3", "audio"),
    "audio/mp4": ("m4a", "audio"),
    "audio/aac": ("aac", "audio"),
    "audio/ogg": ("ogg", "audio"),
    "audio/wav": ("wav", "audio"),
    "audio/flac": ("flac", "audio"),
    "audio/amr": ("amr", "audio"),
    "video/mp4": ("mp4", "video"),
    "video/quicktime": ("mov", "video"),
    "video/webm": ("webm", "video"),
    "video/ogg": ("ogv", "video"),
    "video/3gpp": ("3gp", "video"),
    "video/x-matroska": ("mkv", "video"),
    "video/x-msvideo": ("avi", "video"),
    "application/pdf": ("pdf", "document"),
    "text/plain": ("txt", "document"),
    "application/rtf": ("rtf", "document"),
    "application/msword": ("doc", "document"),
    "application/vnd.ms-excel": ("xls", "document"),
    "application/vnd.ms-powerpoint": ("ppt", "document"),
    f"{_OOXML}.wordprocessingml.document": ("docx", "document"),
    f"{_OOXML}.spreadsheetml.sheet": ("xlsx", "document"),
    f"{_OOXML}.presentationml.presentation": ("pptx", "document"),
    f"{_ODF}.text": ("odt", "document"),
    f"{_ODF}.spreadsheet": ("ods", "document"),
    f"{_ODF}.presentation": ("odp", "document"),
    "application/zip": ("zip", "document"),
    "application/vnd.rar": ("rar", "document"),
    "application/x-7z-compressed": ("7z", "document"),
    "application/gzip": ("gz", "document"),
    "application/x-tar": ("tar", "document"),
}
"""Kinds that are named as what they are: the ending, and what they are sent as."""

_BY_ENDING = {ending: mime for mime, (ending, _) in INERT.items()} | {
    "jpeg": "image/jpeg",
    "jfif": "image/jpeg",
    "heif": "image/heic",
    "tif": "image/tiff",
    "mpga": "audio/mpeg",
    "f4a": "audio/mp4",
    "oga": "audio/ogg",
    "3ga": "video/3gpp",
}

# Beginnings of what runs: Windows, Linux, macOS (both byte orders, both widths, and several at once, which Java's
# classes begin with too), Android, shortcuts of Windows.
_PROGRAMS = (
    (b"MZ", "exe"),
    (b"\x7fELF", "elf"),
    (b"\xfe\xed\xfa\xce", "macho"),
    (b"\xfe\xed\xfa\xcf", "macho"),
    (b"\xce\xfa\xed\xfe", "macho"),
    (b"\xcf\xfa\xed\xfe", "macho"),
    (b"\xca\xfe\xba\xbe", "class"),
    (b"dex\n", "dex"),
    (b"L\x00\x00\x00\x01\x14\x02\x00", "lnk"),
)
_WEAK = 0.3
"""Below this much confidence (two bytes that fit) a file may as well be something else."""

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HEAD = 4096
_DIRECTORY = 4 * 1024 * 1024
_TEXT_CHUNK = 256 * 1024
_CONTROLS = frozenset(range(0x20)) - {*b"\t\n\r\f\x1b"}


@dataclass(frozen=True, slots=True)
class Look:
    """`mime` is one of `INERT` or `UNKNOWN`; `ending` says of programs what they are, "" of all else unknown."""

    mime: str
    ending: str


def look(path: Path) -> Look:
    """What the file holds. Blocks: it reads the head and the tail, and of a text all."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
        for beginning, ending in _PROGRAMS:
            if head.startswith(beginning):
                return Look(UNKNOWN, ending)
        if head.startswith(_ZIP):
            return _archive(file)
        if head.startswith(_OLE):
            return _compound(file, head)
        found = _magic(path, head)
        if found is None and _is_text(file):
            found = "text/plain"
    return Look(UNKNOWN, "") if found is None else Look(found, INERT[found][0])


def kind_of(mime: str) -> MediaKind:
    """What a file of this kind is sent as."""
    return INERT[mime][1] if mime in INERT else "document"


def ending_of(mime: str) -> str:
    """ "" for what has no name of its own."""
    return INERT[mime][0] if mime in INERT else ""


def _magic(path: Path, head: bytes) -> str | None:
    """Of what the library thinks it may be, the likeliest that is inert."""
    try:
        likely = [match for match in puremagic.magic_file(path) if match.confidence >= _WEAK or not _wordy(head)]
    except ValueError:  # an empty file
        return None
    if likely and likely[0].extension in (".html", ".svg", ".xml"):
        return None
    found = next((_BY_ENDING[m.extension[1:]] for m in likely if m.extension[1:] in _BY_ENDING), None)
    if found == "audio/ogg" and b"theora" in head:
        return "video/ogg"
    return found


def _wordy(head: bytes) -> bool:
    return not _CONTROLS.intersection(head)


def _is_text(file: IO[bytes]) -> bool:
    """UTF-8 without control characters, and nothing that a browser could take for a page."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    first = True
    while chunk := file.read(_TEXT_CHUNK):
        try:
            text = decoder.decode(chunk)
        except UnicodeDecodeError:
            return False
        if not _wordy(chunk) or (first and text.lstrip().startswith(("<", "#!"))):
            return False
        first = False
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return not first


# --- what is a container -------------------------------------------------------------------------


def _archive(file: IO[bytes]) -> Look:
    """A ZIP, or the office document, the program or the app that is one."""
    names = set(_names(file))
    if any(name.endswith("vbaProject.bin") for name in names):
        return Look(UNKNOWN, "")
    if "META-INF/MANIFEST.MF" in names or "AndroidManifest.xml" in names:
        return Look(UNKNOWN, "apk" if "AndroidManifest.xml" in names else "jar")
    ending = "zip"
    if "[Content_Types].xml" in names:
        parts = {"word/": "docx", "xl/": "xlsx", "ppt/": "pptx"}
        ending = next((parts[folder] for folder in parts if any(name.startswith(folder) for name in names)), "zip")
    elif "mimetype" in names:
        # OpenDocument has its kind as the first file, not packed, right after that file's name:
        # https://docs.oasis-open.org/office/OpenDocument/v1.3/os/part2-packages/OpenDocument-v1.3-os-part2-packages.html
        file.seek(0)
        head = file.read(256)
        odf = (mime for mime in INERT if mime.startswith(_ODF) and f"mimetype{mime}PK".encode() in head)
        ending = next((INERT[mime][0] for mime in odf), "zip")
        if ending != "zip" and any(name.startswith(("Basic/", "Scripts/")) for name in names):
            return Look(UNKNOWN, "")
    return Look(_BY_ENDING[ending], ending)


def _names(file: IO[bytes]) -> Iterator[str]:
    """The names in a ZIP's directory, as far as it says where that is and has one of a usual size; `zipfile` would
    read all of whatever it is told. https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3.12 and 4.3.16"""
    end = file.seek(0, 2)
    file.seek(max(0, end - 65_557))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < 22:
        return
    (size,) = struct.unpack_from("<L", tail, at + 12)
    start = end - len(tail) + at - size
    if size > _DIRECTORY or start < 0:
        return
    file.seek(start)
    directory = file.read(size)
    place = 0
    while directory[place : place + 4] == b"PK\x01\x02" and len(directory) - place >= 46:
        name, extra, comment = struct.unpack_from("<3H", directory, place + 28)
        yield directory[place + 46 : place + 46 + name].decode("utf-8", "replace")
        place += 46 + name + extra + comment


# Names of streams, and the class of Windows' installer packages, in the directory of a compound file:
# https://learn.microsoft.com/openspecs/windows_protocols/ms-cfb/60fe8611-66c3-496b-b70d-a504c94c9ace
_STREAMS = (
    ("WordDocument", "doc"),
    ("Workbook", "xls"),
    ("Book", "xls"),
    ("PowerPoint Document", "ppt"),
)
_MACROS = ("_VBA_PROJECT", "_VBA_PROJECT_CUR", "Macros", "VBA")
_INSTALLER = bytes.fromhex("84100c0000000000c000000000000046")
_SECTORS_READ = 64 * 1024


def _compound(file: IO[bytes], head: bytes) -> Look:
    """An old office document, an installer, or something else in the same container."""
    if len(head) < 512:
        return Look(UNKNOWN, "")
    shift, first = struct.unpack_from("<H", head, 30)[0], struct.unpack_from("<L", head, 48)[0]
    if shift not in (9, 12):
        return Look(UNKNOWN, "")
    file.seek((first + 1) << shift)
    directory = file.read(_SECTORS_READ)
    entries = [directory[place : place + 128] for place in range(0, len(directory) - 127, 128)]
    if entries and entries[0][80:96] == _INSTALLER:
        return Look(UNKNOWN, "msi")
    names = {_stream(entry) for entry in entries}
    if names.intersection(_MACROS):
        return Look(UNKNOWN, "")
    ending = next((ending for name, ending in _STREAMS if name in names), "")
    return Look(_BY_ENDING.get(ending, UNKNOWN), ending)


def _stream(entry: bytes) -> str:
    """The name in an entry of the directory: UTF-16, its length in bytes with the final zero at 64."""
    (length,) = struct.unpack_from("<H", entry, 64)
    return entry[: max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
