"""Data that shared libraries open by themselves, at paths that only their source tells."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from jettison.analysis.essentials import Essential
from jettison.filetree import FileTree


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryData:
    """One library, by the beginning of its file name, and the files and directories it opens."""

    library: str
    paths: tuple[str, ...]
    what: str


LIBRARIES: Final = (
    LibraryData(
        library="libfontconfig.so",
        paths=("/etc/fonts", "/usr/share/fontconfig", "/usr/share/fonts", "/usr/local/share/fonts"),
        what="fonts and their configuration",
    ),
    LibraryData(
        library="libmagic.so",
        paths=(
            *(
                "/etc/magic",
                "/etc/magic.mime",
                "/usr/share/misc/magic",
                "/usr/share/misc/magic.mgc",
            ),
            *("/usr/lib/file/magic.mgc", "/usr/share/file"),
        ),
        what="signatures of file types",
    ),
    LibraryData(
        library="libMagickCore-",
        paths=("/etc/ImageMagick-6", "/etc/ImageMagick-7", "/usr/share/ImageMagick-6"),
        what="ImageMagick's configuration",
    ),
    LibraryData(
        library="libgs.so", paths=("/usr/share/ghostscript",), what="Ghostscript's resources"
    ),
    LibraryData(
        library="libpoppler.so", paths=("/usr/share/poppler",), what="character maps for PDF"
    ),
    LibraryData(
        library="libtesseract.so",
        paths=("/usr/share/tesseract-ocr", "/usr/share/tessdata"),
        what="trained models",
    ),
    LibraryData(library="libproj.so", paths=("/usr/share/proj",), what="map projections"),
    LibraryData(library="libgdal.so", paths=("/usr/share/gdal",), what="GDAL's tables"),
    LibraryData(
        library="libenchant-2.so",
        paths=("/usr/share/enchant-2", "/usr/share/hunspell", "/usr/share/myspell"),
        what="dictionaries",
    ),
    LibraryData(library="libaspell.so", paths=("/usr/lib/aspell", "/var/lib/aspell"), what="words"),
    LibraryData(
        library="libkrb5.so", paths=("/etc/krb5.conf", "/etc/krb5.conf.d"), what="Kerberos's setup"
    ),
    LibraryData(
        library="libldap",
        paths=("/etc/ldap/ldap.conf", "/etc/openldap/ldap.conf"),
        what="its setup",
    ),
    LibraryData(
        library="libodbc.so", paths=("/etc/odbcinst.ini", "/etc/odbc.ini"), what="ODBC's drivers"
    ),
    LibraryData(library="libtdsodbc.so", paths=("/etc/freetds",), what="FreeTDS's setup"),
    LibraryData(library="libtds.so", paths=("/etc/freetds",), what="FreeTDS's setup"),
    LibraryData(
        library="libmysqlclient.so", paths=("/etc/mysql/my.cnf", "/etc/my.cnf"), what="its setup"
    ),
    LibraryData(
        library="libmariadb.so", paths=("/etc/mysql/my.cnf", "/etc/my.cnf"), what="its setup"
    ),
    LibraryData(
        library="libgio-2.0.so", paths=("/usr/share/mime", "/usr/share/glib-2.0"), what="GIO's data"
    ),
    LibraryData(library="libmaxminddb.so", paths=("/usr/share/GeoIP",), what="where addresses are"),
    LibraryData(library="libespeak-ng.so", paths=("/usr/share/espeak-ng-data",), what="voices"),
    LibraryData(library="libxml2.so", paths=("/etc/xml/catalog",), what="the catalogue of schemas"),
    LibraryData(library="libgnutls.so", paths=("/etc/gnutls/config",), what="GnuTLS's setup"),
)
_BY_NAME: Final = re.compile("|".join(f"({re.escape(item.library)})" for item in LIBRARIES))


def find_library_data(tree: FileTree, name: str) -> Iterator[Essential]:
    """What the library of this file name opens, as far as it is there."""
    match = _BY_NAME.match(name)
    if match is None or match.lastindex is None:
        return
    item = LIBRARIES[match.lastindex - 1]
    for path in item.paths:
        if tree.resolve(path).entry is not None:
            yield Essential(path=path, why=item.what, whole=True)
