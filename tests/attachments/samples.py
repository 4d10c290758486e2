"""The beginnings of files of many kinds, as short as programs still know them by."""

from __future__ import annotations

import io
import struct
import zipfile

OOXML = "application/vnd.openxmlformats-officedocument"
ODF = "application/vnd.oasis.opendocument"
REST = bytes(64)


def zipped(*names: str, mimetype: str = "") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        if mimetype:
            archive.writestr(zipfile.ZipInfo("mimetype"), mimetype)
        for name in names:
            archive.writestr(name, b"x" * 50)
    return made.getvalue()


def compound(*streams: str, root_class: bytes = bytes(16)) -> bytes:
    """An OLE file with these names in its directory, which begins in the second sector."""
    head = bytearray(512)
    head[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    struct.pack_into("<H", head, 30, 9)
    struct.pack_into("<L", head, 48, 1)
    entries = bytearray()
    for name in ("Root Entry", *streams):
        entry = bytearray(128)
        written = name.encode("utf-16-le")
        entry[: len(written)] = written
        struct.pack_into("<H", entry, 64, len(written) + 2)
        if name == "Root Entry":
            entry[80:96] = root_class
        entries += entry
    return bytes(head) + bytes(512) + bytes(entries).ljust(1024, b"\0")


JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + REST
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + REST

INERT = {
    "image/jpeg": [JPEG, b"\xff\xd8\xff\xe1\x00\x10Exif\x00" + REST, b"\xff\xd8\xff\xdb\x00C" + REST],
    "image/png": [PNG],
    "image/gif": [b"GIF89a\1\0\1\0" + REST, b"GIF87a\1\0\1\0" + REST],
    "image/webp": [
        b"RIFF\x24\0\0\0WEBPVP8 " + REST,
        b"RIFF\x24\0\0\0WEBPVP8L" + REST,
        b"RIFF\x24\0\0\0WEBPVP8X" + REST,
    ],
    "image/heic": [b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + REST],
    "image/bmp": [b"BM\x36\0\0\0\0\0\0\0\x36\0\0\0" + REST],
    "image/tiff": [b"II*\0\x08\0\0\0" + REST, b"MM\0*\0\0\0\x08" + REST],
    "audio/mpeg": [b"ID3\3\0\0\0\0\0\0" + REST, b"\xff\xfb\x90\x64" + REST],
    "audio/mp4": [b"\0\0\0\x20ftypM4A \0\0\2\0M4A mp42isom" + REST],
    "audio/aac": [b"\xff\xf1\x50\x80" + REST],
    "audio/ogg": [
        b"OggS\0\2" + bytes(20) + b"\1\x13OpusHead\1\1" + REST,
        b"OggS\0\2" + bytes(20) + b"\1\x1e\1vorbis" + REST,
    ],
    "audio/wav": [b"RIFF\x24\0\0\0WAVEfmt " + REST],
    "audio/flac": [b"fLaC\0\0\0\x22" + REST],
    "audio/amr": [b"#!AMR\n" + REST],
    "video/mp4": [b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41" + REST, b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + REST],
    "video/quicktime": [b"\0\0\0\x14ftypqt  \0\0\2\0qt  " + REST],
    "video/3gpp": [b"\0\0\0\x18ftyp3gp4\0\0\2\0isom3gp4" + REST],
    "video/ogg": [b"OggS\0\2" + bytes(20) + b"\1\x2a\x80theora" + REST],
    "video/webm": [b"\x1aE\xdf\xa3\x9fB\x86\x81\1B\xf7\x81\1B\xf2\x81\4B\xf3\x81\x08B\x82\x84webmB\x87\x81\2" + REST],
    "video/x-matroska": [b"\x1aE\xdf\xa3\xa3B\x86\x81\1B\xf7\x81\1B\xf2\x81\4B\xf3\x81\x08B\x82\x88matroskaB" + REST],
    "video/x-msvideo": [b"RIFF\x24\0\0\0AVI LIST" + REST],
    "application/pdf": [b"%PDF-1.7\n%\xe2\xe3\xcf\xd3" + REST + b"%%EOF"],
    "application/rtf": [b"{\\rtf1\\ansi Hello}"],
    "application/msword": [compound("1Table", "WordDocument")],
    "application/vnd.ms-excel": [compound("Workbook"), compound("Book")],
    "application/vnd.ms-powerpoint": [compound("Current User", "PowerPoint Document")],
    f"{OOXML}.wordprocessingml.document": [zipped("[Content_Types].xml", "_rels/.rels", "word/document.xml")],
    f"{OOXML}.spreadsheetml.sheet": [zipped("[Content_Types].xml", "xl/workbook.xml")],
    f"{OOXML}.presentationml.presentation": [zipped("[Content_Types].xml", "ppt/presentation.xml")],
    f"{ODF}.text": [zipped("content.xml", mimetype=f"{ODF}.text")],
    f"{ODF}.spreadsheet": [zipped("content.xml", mimetype=f"{ODF}.spreadsheet")],
    f"{ODF}.presentation": [zipped("content.xml", mimetype=f"{ODF}.presentation")],
    "application/zip": [zipped("a.txt"), zipped("word/document.xml"), zipped("a.txt", mimetype="text/html")],
    "application/vnd.rar": [b"Rar!\x1a\7\0" + REST, b"Rar!\x1a\7\1\0" + REST],
    "application/x-7z-compressed": [b"7z\xbc\xaf'\x1c\0\4" + REST],
    "application/gzip": [b"\x1f\x8b\x08\0" + REST],
    "application/x-tar": [b"a.txt".ljust(257, b"\0") + b"ustar\x0000" + bytes(300)],
    "text/plain": [
        "Привет, мир\n".encode(),
        b"\xef\xbb\xbfname;price\r\n",
        b"BM is how it begins",
        b"a < b",
        b"x" * 300_000,
    ],
}
"""What is named as what it is."""

UNNAMED = {
    "a page": [
        b"<!DOCTYPE html><html><script>alert(1)</script>",
        b"  \n<html>",
        b"\xef\xbb\xbf<!-- --><script>",
        b"<b>x",
    ],
    "a drawing with scripts": [b'<svg xmlns="http://www.w3.org/2000/svg">', b'<?xml version="1.0"?><svg>'],
    "a script": [b"#!/bin/sh\nrm -rf /"],
    "a document with macros": [
        zipped("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"),
        zipped("content.xml", "Basic/Standard/Module1.xml", mimetype=f"{ODF}.text"),
        compound("WordDocument", "Macros"),
        compound("Workbook", "_VBA_PROJECT_CUR"),
    ],
    "not all text": ["Привет".encode()[:-1], "Привет".encode("cp1251"), b"text\0with zero", b"text\x07"],
    "a page in UTF-16": ["<html>".encode("utf-16")],
    "an unknown container": [compound("Contents"), b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1short"],
    "nothing known": [bytes(range(256))],
}
"""What is only bytes."""

PROGRAMS = {
    "exe": [b"MZ\x90\0\3\0" + REST, b"MZ"],
    "elf": [b"\x7fELF\2\1\1" + REST],
    "macho": [b"\xcf\xfa\xed\xfe\7\0\0\1" + REST],
    "class": [b"\xca\xfe\xba\xbe\0\0\0\x34" + REST],
    "dex": [b"dex\n035\0" + REST],
    "lnk": [b"L\0\0\0\1\x14\2\0\0\0\0\0\xc0" + REST],
    "jar": [zipped("META-INF/MANIFEST.MF", "A.class")],
    "apk": [zipped("META-INF/MANIFEST.MF", "AndroidManifest.xml")],
    "msi": [compound(root_class=bytes.fromhex("84100c0000000000c000000000000046"))],
}
"""What runs when it is opened, by its ending."""
